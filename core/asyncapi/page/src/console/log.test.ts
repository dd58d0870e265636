import assert from "node:assert/strict";
import { test } from "node:test";
import { filtered, jsonLines, Log, sizeOf, type Entry } from "./log";
import { detailHeight, rowHeight, shownRows } from "./rows";

const entry = (text: string, more: Partial<Entry> = {}): Omit<Entry, "id"> => ({
  time: 0,
  direction: "received",
  text,
  size: sizeOf(text),
  action: "",
  topic: "",
  ref: "",
  ...more,
});

test("the log keeps the last entries, and counts those that it lets go", () => {
  const log = new Log(3, 100);
  for (const text of ["a", "b", "c", "d", "e"]) log.add(entry(text));
  assert.deepEqual(
    log.entries.map(({ id, text }) => [id, text]),
    [
      [3, "c"],
      [4, "d"],
      [5, "e"],
    ],
  );
  assert.equal(log.dropped, 2);
  log.add(entry("x".repeat(99)));
  assert.deepEqual(
    log.entries.map(({ id }) => id),
    [5, 6],
  );
  log.add(entry("y".repeat(500)));
  assert.deepEqual(
    log.entries.map(({ id }) => id),
    [7],
    "one that is too large by itself is kept",
  );
  log.clear();
  assert.deepEqual([log.entries.length, log.dropped, log.received], [0, 0, 7]);
});

test("while it is paused it shows what there was, and counts", () => {
  const log = new Log(10);
  let told = 0;
  const stop = log.listen(() => told++);
  log.add(entry("a"));
  log.pause(true);
  log.add(entry("b"));
  log.add(entry("c"));
  assert.deepEqual([log.entries.length, log.held, log.paused, log.last?.text], [1, 2, true, "c"]);
  log.clear();
  assert.deepEqual([log.entries.length, log.held, log.paused], [0, 0, true]);
  log.add(entry("d"));
  log.pause(false);
  assert.deepEqual([log.entries.length, log.held, log.paused], [1, 0, false]);
  stop();
  const before = told;
  log.add(entry("e"));
  assert.equal(told, before);
});

test("filters", () => {
  const log = new Log();
  log.add(entry('{"a":"Héllo"}', { action: "say", direction: "sent" }));
  log.add(entry('{"a":"there"}', { action: "said" }));
  log.add(entry("Connected", { direction: "system" }));
  const ids = (text: string, action: string, direction?: Entry["direction"]) =>
    filtered(log.entries, { text, action, direction }).map(({ id }) => id);
  assert.deepEqual(ids("", ""), [1, 2, 3]);
  assert.deepEqual(ids("HÉLLO", ""), [1]);
  assert.deepEqual(ids("", "said"), [2]);
  assert.deepEqual(ids("", "", "system"), [3]);
  assert.deepEqual(ids("x", "said"), []);
});

test("the export has a line for each entry, and numbers as they were", () => {
  const log = new Log();
  log.add(entry('{\n "n": 9223372036854775807 }', { time: 1.5e12, direction: "sent" }));
  log.add(entry("not JSON\n", { note: "not JSON", answers: { id: 1, after: 2.5 } }));
  log.add(entry("Connected", { direction: "system", size: 0 }));
  const lines = jsonLines(log.entries).split("\n");
  assert.equal(lines.pop(), "");
  assert.equal(lines[0], '{"time":"2017-07-14T02:40:00.000Z","direction":"sent","size":29,"frame":{"n":9223372036854775807}}');
  assert.deepEqual(JSON.parse(lines[1]!), {
    time: "1970-01-01T00:00:00.000Z",
    direction: "received",
    size: 9,
    note: "not JSON",
    latency: 2.5,
    frame: "not JSON\n",
  });
  assert.equal(JSON.parse(lines[2]!).event, "Connected");
  assert.equal(lines.length, 3);
});

test("sizes are in bytes", () => assert.deepEqual(["", "a", "é", "😀"].map(sizeOf), [0, 1, 2, 4]));

test("only the rows that can be seen are rendered", () => {
  const entries = Array.from({ length: 2000 }, (_, i) => ({ id: i + 1 }));
  const none = shownRows(entries, new Set(), 0, 400);
  assert.equal(none.first, 0);
  assert.ok(none.last >= 9 && none.last < 20);
  assert.equal(none.height, 2000 * rowHeight);
  const middle = shownRows(entries, new Set([11, 1500]), 1000 * rowHeight + detailHeight, 400);
  assert.ok(middle.first <= 1000 && middle.first > 980 && middle.last >= 1009 && middle.last < 1020);
  assert.equal(middle.above, middle.first * rowHeight + detailHeight);
  assert.equal(middle.height, 2000 * rowHeight + 2 * detailHeight);
  const within = shownRows(entries, new Set([11]), 11 * rowHeight + 100, 50);
  assert.ok(within.first <= 10 && within.last >= 11, "a row whose detail is seen is there");
  assert.deepEqual([shownRows([], new Set(), 500, 400).first, shownRows([], new Set(), 500, 400).last], [0, 0]);
});
