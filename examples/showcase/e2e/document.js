// The document of a running program, against which every frame is held that a test
// sends or gets: with another validator than the program's own.

import Ajv from 'ajv';
import addFormats from 'ajv-formats';

const documents = new Map(); // promises of documents, by the origin that serves them

// Codes of violations that come of a schema.
const keywords = new Set([
  'type', 'enum', 'const', 'min_length', 'max_length', 'pattern', 'format', 'minimum', 'maximum', 'exclusive_minimum',
  'exclusive_maximum', 'multiple_of', 'min_items', 'max_items', 'unique_items', 'min_properties', 'max_properties',
  'required', 'additional_properties', 'property_names', 'any_of', 'one_of', 'not',
]);

/** Returns the document of the program that a WebSocket's URL is of. */
export function documentOf(url) {
  const { origin } = new URL(url.replace(/^ws/, 'http'));
  if (!documents.has(origin)) {
    documents.set(origin, (async () => {
      const response = await fetch(`${origin}/asyncapi.json`);
      if (!response.ok) throw new Error(`${origin}/asyncapi.json: ${response.status}`);
      return new Document(await response.json());
    })().catch((error) => {
      documents.delete(origin);
      throw error;
    }));
  }
  return documents.get(origin);
}

export class Document {
  constructor(spec) {
    this.ajv = new Ajv({ strict: false, validateSchema: false });
    addFormats(this.ajv);
    this.ajv.addSchema(spec, 'document');
    this.channels = Object.entries(spec.channels).map(([id, channel]) => ({
      id,
      address: pattern(channel.address, '/'),
      topic: channel['x-topic'] && pattern(channel['x-topic'].pattern, ':'),
      sends: [],
      receives: [],
    }));
    for (const operation of Object.values(spec.operations)) {
      this.mention(spec, operation.action === 'send' ? 'sends' : 'receives', operation);
      if (operation.reply) this.mention(spec, 'sends', operation.reply);
    }
  }

  /** Adds the messages of an operation, or of its reply, to its channel's. */
  mention(spec, way, { channel, messages }) {
    const id = channel.$ref.replace('#/channels/', '');
    const list = this.channels.find((c) => c.id === id)[way];
    for (const { $ref } of messages) {
      const name = $ref.slice($ref.lastIndexOf('/') + 1);
      if (list.some((message) => message.name === name)) continue;
      const validate = this.ajv.compile({ $ref: `document${spec.channels[id].messages[name].$ref}/payload` });
      list.push({ name, validate });
    }
  }

  /** Starts to follow a connection to a path. */
  follow(url) {
    const { pathname } = new URL(url);
    return new Exchange(this.channels.filter((channel) => channel.address.test(pathname)));
  }
}

/** What goes over one connection. */
class Exchange {
  constructor(channels) {
    this.channels = channels;
    this.own = channels.find((channel) => !channel.topic) ?? channels[0]; // a topic may be alone there
    this.requests = new Map(); // by ref, of frames that were sent: whether the document has one, and whether it lacks one
    this.strange = 0; // frames without a ref that the document lacks, and that were not refused yet
    this.faults = [];
  }

  /** Takes a text that is sent. */
  sent(text) {
    const frame = parse(text);
    const count = matches(this.channelOf(frame?.topic)?.receives ?? [], frame).length;
    const both = unclear(text, frame);
    const [known, strange] = [count === 1 || both, count === 0 || both];
    const ref = typeof frame?.ref === 'string' ? frame.ref : '';
    if (strange && (ref === '' || both)) this.strange += 1;
    if (ref === '') return;
    const before = this.requests.get(ref);
    this.requests.set(ref, { text, known: known || before?.known, strange: strange || before?.strange, failed: before?.failed });
  }

  /** Takes a frame that has come. */
  received(frame) {
    const channel = this.channelOf(frame.topic) ?? this.own; // an error is to whatever the client made up
    const { length } = matches(channel.sends, frame);
    if (length !== 1) this.faults.push(`it is ${length} messages of the channel ${channel.id}: ${JSON.stringify(frame)}`);
    this.answered(frame);
  }

  /** Holds what the server took or refused against what the document lets clients send. */
  answered(frame) {
    const request = this.requests.get(frame.ref);
    const error = frame.action === 'error' ? frame.payload : undefined;
    const shapeless = ['malformed', 'unknown_action'].includes(error?.reason);
    if (error && frame.ref === undefined && shapeless) {
      this.strange -= 1;
      if (this.strange < 0) this.faults.push(`the document has every frame without a ref, and one is refused: ${JSON.stringify(frame)}`);
    } else if (request && error) {
      request.failed = true;
      const bySchema = error.reason === 'invalid'
        && error.errors?.every(({ path, code }) => path.startsWith('/payload') && keywords.has(code));
      if ((shapeless || bySchema) && !request.strange) this.faults.push(`the document has ${request.text}, and it is refused: ${JSON.stringify(frame)}`);
    } else if (request && !request.known && !(request.failed && frame.action === 'complete')) {
      this.faults.push(`the document lacks ${request.text}, and it is taken: ${JSON.stringify(frame)}`);
    }
  }

  /** The channel of a topic; undefined for one that isn't there. */
  channelOf(topic) {
    if (topic === undefined || topic === '') return this.own;
    return this.channels.find((channel) => typeof topic === 'string' && channel.topic?.test(topic));
  }
}

function matches(messages, frame) {
  return messages.filter(({ validate }) => validate(frame));
}

/** Parses a text, undefined where it is no JSON. */
function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Whether a text may say more than what is left of it when it is parsed, such as a name twice. */
function unclear(text, frame) {
  return frame !== undefined && JSON.stringify(frame) !== text;
}

/** A regular expression for an address or a topic, whose parameters stand in braces. */
function pattern(text, separator) {
  const parts = text.split(/(\{[^}]*\})/).map((part) => (
    part.startsWith('{') ? `[^${separator}]+` : part.replace(/[.*+?^$()|[\]\\]/g, '\\$&')
  ));
  return new RegExp(`^${parts.join('')}$`);
}
