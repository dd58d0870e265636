import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { base } from "./load";
import { pointed, read } from "./read";

const message = (action: string, more: object = {}) => ({
  name: action,
  payload: { type: "object", properties: { action: { const: action } }, required: ["action"] },
  ...more,
});
const on = (channel: string, ...messages: string[]) => ({
  channel: { $ref: `#/channels/${channel}` },
  messages: messages.map((id) => ({ $ref: `#/channels/${channel}/messages/${id}` })),
});

const sample = {
  asyncapi: "3.0.0",
  info: { title: "T", version: "1", license: { name: "MIT" } },
  servers: { a: { host: "a.example", protocol: "wss" }, b: { $ref: "#/components/servers/b" } },
  channels: {
    chat: {
      address: "/ws/{room}/{room}/{user}",
      parameters: { room: { enum: ["go", 1], default: "go" } },
      servers: [{ $ref: "#/servers/b" }],
      "x-subprotocols": ["a", "bearer.*"],
      "x-security-optional": true,
      messages: { say: message("say"), said: { $ref: "#/components/messages/said" }, error: message("error") },
      bindings: { ws: { query: { type: "object" } } },
    },
    chat_topic: {
      address: "/ws/{room}/{room}/{user}",
      "x-topic": { name: "topic", pattern: "room:{n}", parameters: ["n"], parameterSchemas: { n: { type: "integer" } }, history: true },
      messages: { subscribe: message("subscribe"), say: message("say") },
    },
    alone_topic: { address: "/alone", "x-topic": { name: "alone", pattern: "alone", parameters: [] } },
  },
  operations: {
    say: { action: "receive", ...on("chat", "say"), security: [{ $ref: "#/components/securitySchemes/b" }], reply: { messages: [{ $ref: "#/channels/chat/messages/said" }] } },
    all: { action: "send", channel: { $ref: "#/channels/chat_topic" } },
    nowhere: { action: "send", ...on("gone", "say") },
  },
  components: {
    servers: { b: { host: "b.example", protocol: "ws", variables: { v: { enum: ["x"] } } } },
    messages: { said: message("said", { summary: "Somebody spoke", deprecated: true, examples: [{ payload: 1 }, { name: "none" }, 5] }) },
    securitySchemes: { b: { type: "http", scheme: "bearer" } },
    schemas: { A: true, B: { type: "string" }, no: 5 },
  },
};

test("channels, with their messages and topics", () => {
  const document = read(sample);
  const chat = document.channel("chat");
  assert.ok(chat);
  assert.deepEqual(
    chat.messages.map((each) => [each.name, each.received, each.sent, each.framework, each.deprecated]),
    [
      ["say", true, false, false, false],
      ["said", false, true, false, true],
      ["error", false, false, true, false],
    ],
  );
  const [say, said] = chat.messages;
  assert.deepEqual(say?.replies, [said]);
  assert.deepEqual(said?.answers, [say]);
  assert.deepEqual(said?.examples, [{ name: "", summary: "", payload: 1 }]);
  assert.deepEqual(say?.discriminator, { name: "action", value: "say" });
  assert.deepEqual(
    chat.parameters.map(({ name, enum: values, default: preset }) => [name, values, preset]),
    [
      ["room", ["go"], "go"],
      ["user", [], undefined],
    ],
  );
  assert.deepEqual(chat.servers.map((server) => server.host), ["b.example"]);
  assert.deepEqual(chat.security.map((scheme) => [scheme.id, scheme.type, scheme.scheme]), [["b", "http", "bearer"]]);
  assert.equal(chat.securityOptional, true);
  assert.deepEqual(chat.subprotocols, ["a", "bearer.*"]);
  assert.deepEqual(chat.query, { type: "object" });
  assert.deepEqual([...document.schemas.keys()], ["A", "B"]);
});

test("topics are under the channel at their address", () => {
  const document = read(sample);
  const chat = document.channel("chat");
  const topic = document.channel("chat_topic");
  assert.ok(chat && topic?.topic);
  assert.equal(topic.consumer, chat);
  assert.deepEqual(chat.topics, [topic]);
  assert.equal(document.channel("alone_topic")?.consumer, undefined);
  assert.deepEqual(topic.topic.schema("n"), { type: "integer" });
  assert.equal(topic.topic.schema("constructor"), true);
  assert.deepEqual([topic.topic.history, topic.topic.presence], [true, false]);
  assert.deepEqual(topic.messages.map((each) => [each.sent, each.framework]), [[true, true], [true, false]]);
});

test("a reference leads to what it names, and nowhere else", () => {
  const root = { "a/b": { "c~d": [1, { e: 2 }] }, "%": 3, __proto__: null };
  const pointers: [string, unknown][] = [
    ["#", root],
    ["#/a~1b/c~0d/1/e", 2],
    ["#/a~1b/c~0d/0", 1],
    ["#/%25", 3],
    ["#/%", 3],
    ["#/constructor", undefined],
    ["#/a~1b/toString", undefined],
    ["other.json#/a", undefined],
    ["", undefined],
  ];
  for (const [pointer, want] of pointers) assert.equal(pointed(root, pointer), want, pointer);
});

test("whatever a document is, reading it doesn't throw", () => {
  const values: unknown[] = [null, 5, "x", true, [], {}, [[]], { $ref: "#" }, { $ref: "#/channels" }, { $ref: 5 }];
  for (const value of values) {
    read(value);
    for (const key of ["info", "servers", "channels", "operations", "components"]) {
      read({ [key]: value });
      read({ [key]: { a: value, __proto__: value } });
    }
    for (const key of ["address", "parameters", "messages", "bindings", "servers", "tags", "x-topic", "x-subprotocols", "externalDocs"]) {
      read({ channels: { a: { [key]: value }, b: { [key]: { c: value } }, c: { [key]: [value] } } });
    }
    for (const key of ["name", "payload", "examples", "tags", "externalDocs", "$ref"]) {
      read({ channels: { a: { messages: { m: { [key]: value }, n: { [key]: [value] } } } } });
    }
    for (const key of ["action", "channel", "messages", "reply", "security"]) {
      read({ channels: { a: { messages: { m: {} } } }, operations: { o: { action: "receive", channel: { $ref: "#/channels/a" }, [key]: value } } });
    }
  }
});

test("the showcase's document is read whole", () => {
  const document = read(JSON.parse(readFileSync("../../../examples/showcase/testdata/showcase.asyncapi.json", "utf8")));
  assert.ok(document.channels.length > 10);
  for (const channel of document.channels) {
    assert.ok(channel.address && channel.messages.length, channel.id);
    for (const each of channel.messages) {
      assert.ok(each.received || each.sent, `${channel.id} ${each.id}`);
      assert.equal(each.discriminator?.name, "action");
    }
  }
  assert.deepEqual(document.channel("lounge")?.topics.map((topic) => topic.id), ["lounge_lobby_topic", "lounge_presence_topic"]);
});

test("the document is beside the page", () => {
  for (const [path, want] of [["/asyncapi", "/asyncapi"], ["/a/docs//", "/a/docs"], ["/", ""]] as const) assert.equal(base(path), want);
});
