import assert from "node:assert/strict";
import { test } from "node:test";
import { parse, write, type Json, type Obj } from "../form/json";
import { bodyOfDraft, composed, loaded, topicOfDraft } from "./draft";
import { failureOf, Frames, problemsOf } from "./frames";
import { channel, sample } from "./sample";
import { Session, type Connection } from "./session";

class Wire implements Connection {
  protocol = "";
  onopen: ((event: never) => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;
  readonly sent: string[] = [];
  closed: number | undefined;
  send(text: string) {
    this.sent.push(text);
  }
  close(code?: number) {
    this.closed = code;
  }
  says(frame: object | string) {
    this.onmessage?.({ data: typeof frame === "string" ? frame : JSON.stringify(frame) });
  }
}

function dialled(id = "rooms") {
  const wire = new Wire();
  const asked: unknown[] = [];
  let ticks = 0;
  const session = new Session(sample, channel(id), (...args) => (asked.push(args), wire), { now: () => 1000, ticks: () => (ticks += 5) });
  return { wire, session, asked };
}

function connected(id?: string) {
  const all = dialled(id);
  all.session.connect("ws://x/", []);
  all.wire.onopen?.(undefined as never);
  return all;
}

test("a connection from beginning to end", () => {
  const { wire, session, asked } = dialled();
  assert.equal(session.send("{}"), undefined, "nothing is sent without a connection");
  session.connect("ws://x/?key=secret", ["a", "a", "b"], "ws://x/?key=…");
  assert.deepEqual(asked, [["ws://x/?key=secret", ["a", "b"]]]);
  assert.equal(session.state, "connecting");
  wire.protocol = "bearer.secret";
  wire.onopen?.(undefined as never);
  assert.equal(session.state, "open");
  session.disconnect();
  assert.deepEqual([session.state, wire.closed], ["closing", 1000]);
  wire.onclose?.({ code: 4410, reason: "expired" });
  assert.equal(session.state, "closed");
  assert.match(session.ending, /^Closed with 4410 “expired”: credentials expired/);
  assert.ok(!JSON.stringify(session.log.entries).includes("secret"));
});

test("what a browser refuses is told", () => {
  const session = new Session(
    sample,
    channel("rooms"),
    () => {
      throw new SyntaxError("bad protocol");
    },
    { now: () => 0, ticks: () => 0 },
  );
  session.connect("ws://x/", []);
  assert.deepEqual([session.state, session.ending], ["closed", "The browser refused to connect: bad protocol"]);
  const other = dialled();
  other.session.connect("ws://x/", []);
  other.session.refused("the policy");
  other.wire.onclose?.({ code: 1006, reason: "" });
  assert.equal(other.session.ending, "the policy", "what the socket says later is about another time");
});

test("answers find their request", () => {
  const { wire, session } = connected();
  const sent = session.send('{"action":"say","ref":"7","payload":{"text":"hi"}}');
  assert.equal(session.nextRef, "8");
  wire.says({ action: "said", payload: "hi", ref: "7" });
  wire.says({ action: "said", payload: "push" });
  const [answer, push] = session.log.entries.slice(-2);
  assert.deepEqual(answer?.answers, { id: sent?.id, after: 5 });
  assert.equal(push?.answers, undefined);
  session.again(sent!);
  assert.equal(wire.sent.at(-1), '{"action":"say","ref":"8","payload":{"text":"hi"}}');
});

test("frames that the document doesn't have are marked", () => {
  const { wire, session } = connected();
  const notes = [
    { action: "said", payload: "x" },
    { action: "said", payload: 5 },
    { action: "other" },
    { action: "say", payload: { text: "only clients send it" } },
    { action: "said", topic: "lobby:a", version: 1, seq: 3, payload: "x" },
    { action: "error", topic: "elsewhere:a", version: 1, payload: {} },
    "no JSON",
    [1],
  ].map((frame) => {
    wire.says(frame);
    return session.log.last?.note;
  });
  assert.deepEqual(notes, [
    undefined,
    "not as the document says: /payload must be a text, not a whole number",
    "not in the document",
    "not in the document",
    undefined,
    undefined,
    "not JSON",
    "not in the document",
  ]);
  wire.onmessage?.({ data: new ArrayBuffer(12) });
  assert.deepEqual([session.log.last?.note, session.log.last?.size], ["binary", 12]);
  wire.says(`{"action":"${"x".repeat(600_000)}"}`);
  assert.equal(session.log.last?.note, "too large to be checked");
});

test("topics are subscribed to, recovered and left", () => {
  const { wire, session } = connected();
  const lobby = channel("rooms_lobby");
  session.subscribe(lobby, "lobby:a", true);
  assert.equal(wire.sent.at(-1), '{"topic":"lobby:a","ref":"1","action":"subscribe"}');
  assert.equal(session.subscriptions.get("lobby:a")?.confirmed, false);
  wire.says('{"action":"subscribed","topic":"lobby:a","ref":"1","payload":{"recovered":false,"seq":9007199254740993,"epoch":"e"}}');
  assert.equal(session.subscriptions.get("lobby:a")?.confirmed, true);
  wire.says('{"action":"said","topic":"lobby:a","seq":9007199254740994,"payload":"x"}');
  assert.deepEqual(session.positionOf("lobby:a"), { epoch: "e", seq: "9007199254740994" });
  session.unsubscribe(session.subscriptions.get("lobby:a")!);
  assert.equal(wire.sent.at(-1), '{"topic":"lobby:a","ref":"2","action":"unsubscribe"}');
  wire.says({ action: "unsubscribed", topic: "lobby:a", payload: null });
  assert.equal(session.subscriptions.size, 0);
  session.subscribe(lobby, "lobby:a", true);
  assert.equal(
    wire.sent.at(-1),
    '{"topic":"lobby:a","ref":"3","action":"subscribe","payload":{"recover":{"seq":9007199254740994,"epoch":"e"}}}',
  );
  wire.says({ action: "error", topic: "lobby:a", ref: "3", payload: { reason: "unauthorized", detail: "no" } });
  assert.equal(session.subscriptions.size, 0);
  assert.equal(session.failure?.reason, "unauthorized");
});

test("an error names fields", () => {
  const frames = new Frames(sample, channel("rooms"));
  const failure = failureOf(
    frames.read(
      '{"action":"error","ref":"1","payload":{"reason":"invalid","detail":"d","errors":[{"path":"/payload/text","code":"min_length","message":"is short"},{"path":"/payload/text","message":"is short"},5]}}',
    ),
  );
  assert.deepEqual(
    [...problemsOf(failure!.violations)],
    [
      ["/payload/text", ["is short"]],
      ["", [""]],
    ],
  );
  assert.equal(failureOf(frames.read('{"action":"said"}')), undefined);
  assert.deepEqual(failureOf(frames.read('{"action":"error","payload":7}')), { ref: "", reason: "", detail: "", violations: [] });
});

test("a draft makes a frame, which is checked as a whole", () => {
  const { session, wire } = connected();
  const draft = { message: undefined, bodies: new Map(), topics: new Map(), ref: undefined, text: undefined };
  const say = channel("rooms").messages.find(({ id }) => id === "say")!;
  const toLobby = channel("rooms_lobby").messages.find(({ id }) => id === "say")!;
  assert.equal(write(bodyOfDraft(sample, draft, say)), '{"payload":{"text":"hi"}}', "the message's example");
  assert.deepEqual(composed(sample, draft, session, say), {
    text: '{"ref":"1","action":"say","payload":{"text":"hi"}}',
    violations: [],
    unreadable: "",
  });
  const bodies = new Map([[say, parse('{"payload":{"text":""}}') as Obj]]);
  assert.deepEqual(
    composed(sample, { ...draft, bodies }, session, say).violations.map(({ path }) => path),
    ["/payload/text"],
  );
  assert.deepEqual(
    composed(sample, draft, session, toLobby).violations.map(({ path }) => path),
    ["/topic"],
  );
  assert.match(
    composed(sample, { ...draft, topics: new Map([[toLobby.channel, "room:a"]]) }, session, toLobby).violations[0]!.message,
    /^must be like lobby:\{name\}/,
  );
  wire.says({ action: "subscribed", topic: "lobby:b", payload: {} });
  assert.equal(topicOfDraft(draft, session, toLobby), "lobby:b");
  assert.match(composed(sample, draft, session, toLobby).text, /^\{"version":1,"topic":"lobby:b","ref":"1","action":"say",/);
  assert.match(composed(sample, { ...draft, text: "{" }, session, say).unreadable, /^line 1, column 2/);
});

test("a frame of the log goes back into the form", () => {
  const frames = new Frames(sample, channel("rooms"));
  const back = loaded(sample, frames, '{"topic":"lobby:a","action":"say","ref":"5","payload":"x"}');
  assert.equal(
    back.message,
    channel("rooms_lobby").messages.find(({ id }) => id === "say"),
  );
  assert.deepEqual([write(back.body as Json), back.topic], ['{"payload":"x"}', "lobby:a"]);
  assert.equal(loaded(sample, frames, "no JSON").message, undefined);
  assert.equal(loaded(sample, frames, '{"action":"unknown"}').message, undefined);
});

test("a topic on a route of its own has no topics to subscribe to", () => {
  const frames = new Frames(sample, channel("alone"));
  assert.deepEqual(frames.topics, []);
  assert.equal(frames.oddity(frames.read('{"action":"said","topic":"lobby:x","payload":"a"}'), ""), undefined);
  assert.equal(new Frames(sample, channel("rooms_lobby")).channel, channel("rooms"));
});
