import assert from "node:assert/strict";
import { test } from "node:test";
import { parse, type Obj } from "../form/json";
import { origin, patternOf, query, subprotocolProblem, topicName, ways } from "./address";
import { meaning } from "./close";
import { plan, serverOf, settingsFor } from "./plan";
import { channel, sample } from "./sample";

const here = { host: "docs.example:8443", protocol: "https:" };
const obj = (text: string) => parse(text) as Obj;
const planned = (id: string, settings: string) => plan(sample, channel(id), obj(settings), here);
const problems = (id: string, settings: string) => Object.fromEntries(planned(id, settings).problems);

test("the URL of a channel", () => {
  const cases: [string, string, string][] = [
    ["rooms", '{"server":"current","path":{"room":"a"},"query":{}}', "wss://docs.example:8443/api/ws/rooms/a"],
    [
      "rooms",
      '{"server":"current","path":{"room":"a/b c?#%ä"},"query":{"limit":3,"tag":["x","y&z"]}}',
      "wss://docs.example:8443/api/ws/rooms/a%2Fb%20c%3F%23%25%C3%A4?limit=3&tag=x&tag=y%26z",
    ],
    ["rooms", '{"server":"far","variables":{"region":"eu"},"path":{"room":"a"},"query":{"gone":null}}', "wss://eu.example/ws/rooms/a"],
    ["keyed", '{"server":"current","token":"a b/=&"}', "wss://docs.example:8443/api/ws/keyed?key=a%20b%2F%3D%26"],
    ["keyed", '{"server":"current","token":""}', "wss://docs.example:8443/api/ws/keyed"],
  ];
  for (const [id, settings, want] of cases) assert.equal(planned(id, settings).url, want);
  assert.equal(origin(sample.servers[0]!, new Map(), { host: "h", protocol: "http:" }), "ws://h/api");
  assert.equal(query(obj('{"a b":9223372036854775807,"c":true,"d":{"e":1}}')), "a%20b=9223372036854775807&c=true&d=%7B%22e%22%3A1%7D");
});

test("a token is not shown", () => {
  const made = planned("keyed", '{"server":"current","token":"secret"}');
  assert.match(made.url, /key=secret$/);
  assert.match(made.shown, /key=…$/);
  const other = planned("private", '{"server":"current","token":"secret","subprotocols":{"v1":"offered","trace.*":"abc"}}');
  assert.deepEqual(other.protocols, ["v1", "trace.abc", "bearer.secret"]);
  assert.equal(other.url, other.shown);
  assert.deepEqual(ways(channel("private")), ["the subprotocol bearer.…"]);
});

test("what connecting begins with, and what is wrong with it", () => {
  const settings = settingsFor(sample, channel("rooms"), serverOf(channel("rooms"), new Map(), here));
  assert.equal(settings.get("server"), "current");
  assert.deepEqual([...plan(sample, channel("rooms"), settings, here).problems.keys()], ["/path/room"]);
  assert.deepEqual(problems("rooms", '{"server":"far","variables":{"region":"mars"},"path":{"room":".."},"query":{"limit":6}}'), {
    "/variables/region": ['must be one of "eu", "us"'],
    "/path/room": ["must not be what is excluded"],
    "/query/limit": ["must be at most 5"],
  });
  assert.deepEqual(problems("private", '{"server":"current","token":"a b","subprotocols":{"trace.*":"é"}}'), {
    "/token": ["can't have a space, as no subprotocol can"],
    "/subprotocols/trace.*": ['can\'t have "é", as no subprotocol can'],
  });
  assert.deepEqual(problems("private", '{"server":"current","subprotocols":{"trace.*":""}}'), { "/subprotocols/trace.*": ["is required"] });
});

test("subprotocols are tokens", () => {
  assert.equal(subprotocolProblem("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.a-b_c~"), undefined);
  for (const text of ["a=", "a/b", "a,b", "a\u0001", "“"]) assert.ok(subprotocolProblem(text), text);
});

test("topics and their patterns", () => {
  assert.equal(topicName("room:{room}:{n}", obj('{"room":"a","n":5}')), "room:a:5");
  const pattern = patternOf("a.b:{x}:{y}");
  assert.ok(pattern.test("a.b:1:2") && pattern.test("a.b:ä\n:2"));
  for (const topic of ["a.b:1", "axb:1:2", "a.b::2", "a.b:1:2:3", "xa.b:1:2"]) assert.ok(!pattern.test(topic), topic);
});

test("close codes have a meaning", () => {
  for (const code of [1000, 1001, 1006, 1008, 1009, 1011, 1012, 1013, 4408, 4409, 4410, 4501, 4503])
    assert.notEqual(meaning(code), meaning(3999), String(code));
  assert.equal(meaning(4999), "as the application says");
});
