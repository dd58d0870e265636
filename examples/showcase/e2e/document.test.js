// The check itself: what it finds, and what it must not.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Document } from './document.js';

const frame = (action, payload) => ({
  payload: {
    type: 'object',
    properties: { action: { const: action }, ref: { type: 'string' }, ...(payload && { payload }) },
    required: payload ? ['action', 'payload'] : ['action'],
  },
});
const ref = (path) => ({ $ref: `#/${path}` });
const operation = (action, channel, message, reply) => ({
  action,
  channel: ref(`channels/${channel}`),
  messages: [ref(`channels/${channel}/messages/${message}`)],
  ...(reply && { reply: { channel: ref(`channels/${channel}`), messages: [ref(`channels/${channel}/messages/${reply}`)] } }),
});
const messages = (...names) => Object.fromEntries(names.map((name) => [name, ref(`components/messages/${name}`)]));

const document = new Document({
  channels: {
    all: { address: '/ws/{id}', messages: messages('say', 'said', 'again', 'error', 'complete') },
    all_room: { address: '/ws/{id}', 'x-topic': { pattern: 'room:{room}' }, messages: messages('post') },
  },
  operations: {
    say: operation('receive', 'all', 'say', 'said'),
    again: operation('send', 'all', 'again'),
    error: operation('send', 'all', 'error'),
    complete: operation('send', 'all', 'complete'),
    post: operation('receive', 'all_room', 'post'),
  },
  components: {
    messages: {
      say: frame('say', ref('components/schemas/Say')), said: frame('said'), again: frame('said', { type: 'integer' }), post: frame('post'),
      error: frame('error'), complete: frame('complete'),
    },
    schemas: { Say: { type: 'object', properties: { text: { type: 'string', format: 'email' } }, required: ['text'] } },
  },
});

const say = '{"action":"say","ref":"1","payload":{"text":"a@b.c"}}';
const rude = '{"action":"say","ref":"1","payload":{"text":7}}';
const said = { action: 'said', ref: '1' };
const error = (reason, more, to = { ref: '1' }) => ({ action: 'error', ...to, payload: { reason, ...more } });
const violation = (path, code) => ({ errors: [{ path, code }] });

const cases = [
  ['a message', [say], [said], null],
  ['a frame that is no message', [], [{ action: 'shout' }], /it is 0 messages of the channel all: {"action":"shout"}/],
  ['a frame that is two', [], [{ action: 'said', payload: 1 }], /it is 2 messages/],
  ['a client\'s message from the server', [], [JSON.parse(say)], /it is 0 messages/],
  ['another topic\'s message', [], [{ topic: 'room:a', action: 'said' }], /it is 0 messages of the channel all_room/],
  ['what the server takes and the document lacks', [rude], [said], /the document lacks .*7.*, and it is taken/],
  ['what a topic takes', ['{"topic":"room:a","action":"post","ref":"1"}'], [said], null],
  ['a topic that there isn\'t', ['{"topic":"roam:a","action":"post","ref":"1"}'], [said], /the document lacks/],
  ['what the server refuses and the document has', [say], [error('unknown_action')], /the document has .*, and it is refused/],
  ['a schema of which the server refuses more', [say], [error('invalid', violation('/payload/text', 'format'))], /and it is refused/],
  ['a rule that is no schema', [say], [error('invalid', violation('/payload/text', 'lucky'))], null],
  ['a completion of what the document lacks', [rude], [{ action: 'complete', ref: '1' }], /and it is taken/],
  ['a refusal', [rude], [error('invalid', violation('/payload/text', 'type'))], null],
  ['a completion after an error', [rude], [error('invalid'), { action: 'complete', ref: '1' }], null],
  ['a refusal without a ref', ['nonsense'], [error('malformed', {}, {})], null],
  ['two where one was strange', ['nonsense', '{"action":"say","payload":{"text":"a@b.c"}}'],
    [error('malformed', {}, {}), error('malformed', {}, {})], /the document has every frame without a ref, and one is refused/],
  ['a name twice', ['{"action":"say","action":"say","ref":"1"}'], [error('malformed', {}, {})], null],
];

describe('the check against a document', () => {
  for (const [name, sent, received, fault] of cases) {
    it(name, () => {
      const exchange = document.follow('ws://host/ws/7?x=1');
      sent.forEach((text) => exchange.sent(text));
      received.forEach((answer) => exchange.received(answer));
      if (fault === null) {
        assert.deepEqual(exchange.faults, []);
      } else {
        assert.equal(exchange.faults.length, 1, exchange.faults.join('\n'));
        assert.match(exchange.faults[0], fault);
      }
    });
  }
});
