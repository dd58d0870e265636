// What is wrong is found, by both: else that they find nothing would say nothing.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { lint, parse } from './readers.js';

const faults = {
  'a message that an operation refers to is missing': {
    change: ({ channels }) => { delete channels.chat.messages.said; },
    pointer: '/operations/answer/messages/0/$ref',
  },
  'a message that a channel refers to is missing': {
    change: ({ components }) => { delete components.messages.said; },
    message: "'#/components/messages/said' does not exist", // said where the way there began, or where it ends
  },
  'a channel that an operation refers to is missing': {
    change: ({ operations }) => { operations.answer.channel.$ref = '#/channels/chats'; },
    pointer: '/operations/answer/channel/$ref',
  },
  'an address is a number': {
    change: ({ channels }) => { channels.chat.address = 7; },
    pointer: '/channels/chat/address',
  },
  'a length is a string': {
    change: ({ components }) => { components.messages.said.payload.properties.text.minLength = '1'; },
    pointer: '/components/messages/said/payload/properties/text/minLength',
  },
  'there is no such action': {
    change: ({ operations }) => { operations.answer.action = 'publish'; },
    pointer: '/operations/answer/action',
  },
  'a member is misspelt': {
    change: ({ channels }) => { channels.chat.adress = '/chat'; },
    pointer: '/channels/chat/adress',
  },
  'a member that has to be there is not': {
    change: ({ info }) => { delete info.title; },
    pointer: '/info',
  },
};

for (const version of ['3.0.0', '3.1.0']) {
  test(`${version}: nothing is wrong`, async () => {
    const { parser, spectral } = await errors(sound(version));
    assert.deepEqual([...parser, ...spectral], []);
  });

  for (const [name, fault] of Object.entries(faults)) {
    test(`${version}: ${name}`, async () => {
      const document = sound(version);
      fault.change(document);
      for (const [reader, findings] of Object.entries(await errors(document))) {
        const found = findings.some(({ pointer, message }) => pointer === fault.pointer || message === fault.message);
        assert.ok(found, `${reader} says: ${JSON.stringify(findings, null, 2)}`);
      }
    });
  }
}

/** Returns what is wrong with a document, by who says so. */
async function errors(value) {
  const document = { name: 'document.json', text: JSON.stringify(value) };
  const { findings } = await parse(document);
  const serious = ({ severity }) => severity === 'error';
  return { parser: findings.filter(serious), spectral: (await lint(document)).filter(serious) };
}

function sound(asyncapi) {
  return {
    asyncapi,
    info: { title: 'Chat', version: '1.0.0' },
    channels: {
      chat: { address: '/chat', messages: { said: { $ref: '#/components/messages/said' } } },
    },
    operations: {
      answer: {
        action: 'send',
        channel: { $ref: '#/channels/chat' },
        messages: [{ $ref: '#/channels/chat/messages/said' }],
      },
    },
    components: {
      messages: {
        said: {
          payload: {
            type: 'object',
            properties: { action: { const: 'said' }, text: { type: 'string', minLength: 1 } },
            required: ['action', 'text'],
          },
        },
      },
    },
  };
}
