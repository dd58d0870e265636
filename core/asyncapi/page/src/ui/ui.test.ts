import assert from "node:assert/strict";
import { test } from "node:test";
import { read } from "../read";
import { groups } from "./rail";
import { link, parse, schemaLink } from "./route";
import { Index, marked, terms } from "./search";

test("addresses lead where they are made for", () => {
  for (const name of ["chat", "a/b", "ü %", "%", "__proto__", "a#b?c"]) {
    assert.deepEqual(parse(link(name)), { kind: "channel", channel: name });
    assert.deepEqual(parse(link(name, name)), { kind: "channel", channel: name, message: name });
    assert.deepEqual(parse(schemaLink(name)), { kind: "schema", schema: name });
  }
  for (const hash of ["", "#", "#/"]) assert.deepEqual(parse(hash), { kind: "overview" });
  for (const hash of ["#/channel", "#/x", "#/channel/a/b", "#/channel/a/message", "#/schema/a/b", "#/%"]) {
    assert.equal(parse(hash).kind, "unknown", hash);
  }
});

const document = read({
  info: { tags: [{ name: "second" }, { name: "unused" }] },
  channels: {
    chat: {
      address: "/ws/chat",
      title: "chat",
      description: "Where people talk",
      tags: [{ name: "first" }, { name: "second" }],
      messages: {
        say: { name: "say", summary: "Say something", payload: { properties: { payload: { properties: { mood: { description: "How one feels" } } } } } },
        error: { name: "error" },
      },
    },
    chat_topic: { address: "/ws/chat", "x-topic": { name: "t", pattern: "room:{room}", parameters: ["room"] } },
    other: { address: "/ws/other" },
  },
  components: { schemas: { Mood: { type: "string" }, Loop: { properties: { again: { $ref: "#/components/schemas/Loop" } } } } },
});

test("a search finds what has every word", () => {
  const index = new Index(document);
  const found = (query: string) => index.search(query).map((hit) => `${hit.kind} ${hit.title}`);
  assert.deepEqual(found("say"), ["message say"]);
  assert.deepEqual(found("CHAT")[0], "channel chat");
  assert.deepEqual(found("mood"), ["schema Mood", "message say"]);
  assert.deepEqual(found("say feels"), ["message say"]);
  assert.deepEqual(found("room:"), ["topic chat_topic"]);
  assert.deepEqual(found("say nothing"), []);
  assert.deepEqual(found("  "), []);
  assert.deepEqual(found("again"), ["schema Loop"]);
  assert.equal(index.search("feels")[0]?.snippet, "mood · How one feels");
  assert.equal(index.search("say")[0]?.snippet, "");
});

test("hits are marked", () => {
  assert.deepEqual(marked("Say (something)", terms("some (")), ["Say ", "(", "", "some", "thing)"]);
  assert.deepEqual(marked("abc", terms("a ab")), ["", "ab", "c"]);
  assert.deepEqual(marked("abc", []), ["abc"]);
});

test("channels are in groups by their tags, topics under their channel", () => {
  assert.deepEqual(
    groups(document).map((group) => [group.name, group.channels.map((channel) => channel.id)]),
    [
      ["second", ["chat"]],
      ["first", ["chat"]],
      ["Other channels", ["other"]],
    ],
  );
});
