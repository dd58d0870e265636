// A document in the hands of somebody who means harm: every text that a person can
// write, and every name that a person can give, ends in what would run as a script.

export const poison = '</script><img src=x onerror="window.hacked=1"><script>window.hacked=2</script>[x](javascript:window.hacked=3)';

/** The members of an envelope: under other names a frame would be no frame. */
const envelope = new Set(['action', 'payload', 'ref', 'topic', 'version', 'seq', 'x-error-code']);

/** What holds things by names that people give. */
const named = new Set(['channels', 'messages', 'schemas', 'operations', 'properties', 'parameters', 'securitySchemes', 'variables', '$defs', 'patternProperties']);

/** What the format gives the words for, and what would not be read at all with others. */
const fixed = new Set(['$ref', 'asyncapi', 'type', 'format', 'in', 'method', 'bindingVersion', 'location', 'scheme', 'protocol', 'contentType', 'defaultContentType']);

/** What no poisoned value would keep to, so that there would be nothing to send. */
const limits = new Set(['pattern', 'maxLength']);

const name = (text) => (envelope.has(text) ? text : `${text} ${poison}`);
const holes = (text) => text.replace(/\{([^{}]*)\}/g, (_, inner) => `{${name(inner)}}`);
const escaped = (text) => encodeURIComponent(text.replaceAll('~', '~0').replaceAll('/', '~1'));

/** The reference that leads to the same place of the poisoned document. */
function reference(text) {
  let above = '';
  return text.split('/').map((part) => {
    const own = named.has(above);
    above = own ? '' : part; // what is in a thing that has a name has none, such as a channel called "messages"
    return own ? escaped(name(part)) : part;
  }).join('/');
}

/** Poisons a value that stands under that key. */
function poisoned(value, key) {
  if (Array.isArray(value)) {
    if (key === 'required' || (key === 'parameters' && typeof value[0] === 'string')) return value.map(name);
    return value.map((item) => poisoned(item, key));
  }
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).filter(([each]) => key === 'x-topic' || !limits.has(each)).map(([each, inner]) => (
      named.has(key) ? [name(each), poisoned(inner, '')] : [each, poisoned(inner, each)])));
  }
  if (typeof value !== 'string') return value;
  if (key === '$ref') return reference(value);
  if (fixed.has(key)) return value;
  if (key === 'address') return holes(value);
  return `${holes(value)} ${poison}`;
}

/** Poisons a document, and gives it what it has not: a server, links, tags of messages. */
export function poisonedDocument(document) {
  const link = { url: 'javascript:window.hacked=4', description: 'more' };
  const harmed = {
    ...document,
    info: {
      ...document.info,
      termsOfService: 'javascript:window.hacked=5',
      contact: { name: 'somebody', url: 'javascript:window.hacked=6', email: 'a@b.example?x' },
      license: { name: 'a licence', url: 'data:text/html,x' },
      externalDocs: link,
      tags: document.info.tags?.map((tag) => ({ ...tag, externalDocs: link })),
    },
    channels: Object.fromEntries(Object.entries(document.channels).map(([id, channel]) => [id, {
      ...channel, summary: 'a summary', externalDocs: link, 'x-subprotocols': ['a.v1', 'bearer.*', ...(channel['x-subprotocols'] ?? [])],
    }])),
    components: {
      ...document.components,
      messages: Object.fromEntries(Object.entries(document.components.messages).map(([id, message]) => [id, {
        ...message,
        description: 'a description\n\n- of\n- items\n\n| and | a table |\n|---|---|\n| x | y |\n\n> quoted\n\n```js\ncode\n```\n\n# heading',
        tags: [{ name: 'tag' }], externalDocs: link,
        examples: message.examples?.map((example) => ({ name: 'an example', summary: 'said', ...example })),
      }])),
      schemas: {
        ...document.components.schemas,
        Everything: {
          title: 'everything', description: 'has all there is', deprecated: true,
          type: 'object',
          properties: {
            choice: { oneOf: [{ title: 'one', type: 'string' }, { title: 'two', type: 'object', properties: { deep: { const: 'x' } } }] },
            list: { type: 'array', items: { enum: ['a', 'b'] }, default: ['a'], uniqueItems: true },
            map: { type: 'object', additionalProperties: { type: 'string', examples: ['x'] } },
            date: { type: 'string', format: 'date-time', contentMediaType: 'text/html', default: 'now' },
          },
        },
      },
    },
  };
  const made = poisoned(harmed, '');
  made.components.schemas[name('Everything')].properties[name('date')].pattern = poison;
  // The page's own server keeps its name, which says that it is that: beside it is one of theirs.
  made.servers = {
    ...document.servers,
    [name('other')]: {
      host: `{${name('where')}}.example`, protocol: 'ws', pathname: `/${poison}`, title: poison, summary: poison, description: poison,
      variables: { [name('where')]: { description: poison, default: poison, enum: [poison, 'localhost'] } },
    },
  };
  return made;
}
