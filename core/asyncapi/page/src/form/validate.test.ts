import { Validator } from "@cfworker/json-schema";
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Schema } from "../document";
import { read } from "../read";
import { parse } from "./json";
import { closest, validate } from "./validate";

const document = read({
  components: {
    schemas: {
      Tree: {
        type: "object",
        properties: {
          name: { type: "string", minLength: 1 },
          kids: { type: "array", items: { $ref: "#/components/schemas/Tree" } },
          next: { anyOf: [{ $ref: "#/components/schemas/Tree" }, { type: "null" }] },
        },
        required: ["name"],
      },
      Loop: { $ref: "#/components/schemas/Loop" },
      Round: { allOf: [{ $ref: "#/components/schemas/Round" }] },
    },
  },
});
const ref = (name: string): Schema => ({ $ref: `#/components/schemas/${name}` });
const check = (schema: Schema, text: string) => validate(schema, parse(text), document.resolve);
const told = (schema: Schema, text: string) => check(schema, text).map(({ path, message }) => `${path} ${message}`.trim());

const circle = {
  type: "object",
  properties: { kind: { const: "circle" }, r: { type: "number", exclusiveMinimum: 0 } },
  required: ["kind", "r"],
};
const square = { type: "object", properties: { kind: { const: "square" }, side: { type: "number" } }, required: ["kind", "side"] };

test("what is wrong is told where it is", () => {
  const cases: [Schema, string, string[]][] = [
    [
      ref("Tree"),
      '{"name":"a","kids":[{"name":""},{}],"next":null}',
      ["/kids/0/name must be at least 1 character long", "/kids/1/name is required"],
    ],
    [ref("Tree"), '{"name":"a","next":{"name":5}}', ["/next/name must be a text, not a whole number"]],
    [{ oneOf: [circle, square] }, '{"kind":"circle","r":0}', ["/r must be more than 0"]],
    [{ oneOf: [circle, square] }, '{"kind":"other"}', ["must satisfy one of the alternatives"]],
    [{ oneOf: [{ type: "integer" }, { type: "number" }] }, "5", ["must satisfy exactly one of the alternatives, not 2"]],
    [{ type: ["string", "null"], maxLength: 2 }, '"😀😀😀"', ["must be at most 2 characters long"]],
    [{ type: "integer", format: "int64", minimum: -(2 ** 63), maximum: 2 ** 63 }, "9223372036854775807", []],
    [
      { type: "integer", format: "int64", minimum: -(2 ** 63), maximum: 2 ** 63 },
      "9223372036854775808",
      ["must be at most 9223372036854775807"],
    ],
    [{ type: "integer", maximum: 2 ** 64 }, "18446744073709551616", ["must be at most 18446744073709551615"]],
    [{ properties: { a: true }, additionalProperties: false }, '{"a":1,"b/c":2}', ["/b~1c is not a member that is allowed here"]],
    [
      { additionalProperties: { type: "integer" }, propertyNames: { pattern: "^[a-z]+$" } },
      '{"a":"x","B":1}',
      ["/a must be a whole number, not a text", "/B is not a name that is allowed here"],
    ],
    [{ uniqueItems: true }, '[{"a":1,"b":2},{"b":2.0,"a":1}]', ["must not have the same item twice"]],
    [{ enum: ["a", null, 1] }, "2", ['must be one of "a", null, 1']],
    [{ pattern: "(" }, '"x"', []],
    [false, "1", ["must not be there"]],
    [ref("Loop"), "1", []],
    [ref("Round"), "1", []],
    [ref("Missing"), "1", []],
    [
      { properties: { __proto__x: { type: "null" } }, required: ["constructor", "toString"] },
      "{}",
      ["/constructor is required", "/toString is required"],
    ],
  ];
  for (const [schema, text, want] of cases) assert.deepEqual(told(schema, text), want, `${JSON.stringify(schema)} ${text}`);
});

test("formats", () => {
  const good: Record<string, string[]> = {
    date: ["2024-02-29", "2000-12-31"],
    "date-time": ["2024-01-02T03:04:05Z", "2024-01-02t03:04:05.123+07:00"],
    time: ["23:59:59Z", "03:04:05.1-03:30"],
    email: ["a@b.example", "a.b+c@d-e.example", '"a b"@c.example', "a@[192.0.2.1]"],
    uri: ["https://example.com/ä", "urn:x:y"],
    uuid: ["123e4567-e89b-42d3-a456-426614174000"],
    byte: ["anything, as only the server checks it"],
  };
  const bad: Record<string, string[]> = {
    date: ["2023-02-29", "2024-13-01", "2024-1-1", "2024-04-31"],
    "date-time": ["2024-01-02", "2024-01-02T03:04:05", "2024-01-02 03:04:05Z", "2024-01-02T24:00:00Z"],
    time: ["23:60:00Z", "12:00:00"],
    email: ["a", "a@", "@b.example", "a b@c.example", "a..b@c.example"],
    uri: ["/path", "example.com"],
    uuid: ["123e4567e89b42d3a456426614174000"],
  };
  for (const [format, texts] of Object.entries(good))
    for (const text of texts) assert.deepEqual(told({ format }, JSON.stringify(text)), [], `${format} ${text}`);
  for (const [format, texts] of Object.entries(bad))
    for (const text of texts) assert.equal(told({ format }, JSON.stringify(text)).length, 1, `${format} ${text}`);
});

test("the alternative that was meant", () => {
  const of = (alternatives: Schema[], text: string) => closest(alternatives, parse(text), document.resolve);
  assert.equal(of([circle, square], '{"kind":"square"}'), 1);
  assert.equal(of([{ type: "string" }, { type: "integer" }, ref("Tree")], '{"x":1}'), 2);
  assert.equal(of([{ type: "string", minLength: 3 }, { type: "string" }], '"ab"'), 1);
  assert.equal(of([], "1"), 0);
});

// A generator with a seed: the same cases each time.
function random(seed: number) {
  return (n: number) => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return Math.floor((seed / 2 ** 32) * n);
  };
}

test("another validator says the same of random schemas and values", () => {
  const pick = random(7);
  const of = <T>(...list: readonly T[]): T => list[pick(list.length)]!;
  const value = (depth: number): unknown => {
    const kind = pick(depth > 2 ? 6 : 8);
    if (kind === 6) return Array.from({ length: pick(4) }, () => value(depth + 1));
    if (kind === 7) return Object.fromEntries(Array.from({ length: pick(4) }, () => [of("a", "b", "c", "toString"), value(depth + 1)]));
    return [null, true, pick(6) - 2, pick(40) / 8, of("", "a", "abc", "😀b"), of<unknown>(0, 1, "a")][kind];
  };
  const schema = (depth: number): Schema => {
    if (depth > 3 || !pick(12)) return of<Schema>(true, false, {});
    const inner = () => schema(depth + 1);
    const some: [string, () => unknown][] = [
      [
        "type",
        () => of<unknown>("string", "integer", "number", "object", "array", "boolean", "null", ["string", "null"], ["integer", "array"]),
      ],
      ["enum", () => [value(2), value(2), "a"]],
      ["const", () => value(2)],
      ["minLength", () => pick(3)],
      ["maxLength", () => pick(3)],
      ["pattern", () => of("^a", "b$", "^[a-c]*$")],
      ["minimum", () => pick(4) - 1],
      ["maximum", () => pick(4) - 1],
      ["exclusiveMinimum", () => pick(3) - 1],
      ["exclusiveMaximum", () => pick(5) - 1],
      ["multipleOf", () => of(1, 2, 0.5)],
      ["items", inner],
      ["minItems", () => pick(3)],
      ["maxItems", () => pick(3)],
      ["uniqueItems", () => of(true, false)],
      ["properties", () => ({ a: inner(), toString: inner() })],
      ["required", () => [of("a", "b", "toString")]],
      ["additionalProperties", inner],
      ["propertyNames", () => ({ maxLength: 1 })],
      ["minProperties", () => pick(3)],
      ["maxProperties", () => pick(3)],
      ["allOf", () => [inner(), inner()]],
      ["anyOf", () => [inner(), inner()]],
      ["oneOf", () => [inner(), inner()]],
      ["not", inner],
    ];
    return Object.fromEntries(Array.from({ length: 1 + pick(3) }, () => of(...some)).map(([name, make]) => [name, make()]));
  };
  let valid = 0;
  for (let i = 0; i < 20_000; i++) {
    const [one, other] = [schema(0), value(0)];
    const ours = check(one, JSON.stringify(other)).length === 0;
    const theirs = new Validator(one as object, "7").validate(other).valid;
    assert.equal(ours, theirs, `${JSON.stringify(one)} ${JSON.stringify(other)}`);
    valid += Number(ours);
  }
  assert.ok(valid > 4000 && valid < 16_000, `${valid} were valid`);
});
