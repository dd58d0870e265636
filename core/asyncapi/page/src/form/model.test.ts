import assert from "node:assert/strict";
import { test } from "node:test";
import type { Schema } from "../document";
import { read } from "../read";
import { parse, write, type Obj } from "./json";
import { bodyOf, bodySchema, fresh, initial, renamed, shape, swapped, without, withMember } from "./model";
import { validate } from "./validate";

const document = read({
  components: {
    schemas: {
      Node: {
        type: "object",
        properties: { value: { type: "integer" }, next: { anyOf: [{ $ref: "#/components/schemas/Node" }, { type: "null" }] } },
        required: ["value", "next"],
      },
      Endless: { type: "object", properties: { again: { $ref: "#/components/schemas/Endless" } }, required: ["again"] },
    },
  },
});
const kind = (schema: Schema) => shape(document, schema).kind;

test("how values are edited", () => {
  const cases: [Schema, string][] = [
    [{ type: "string" }, "string"],
    [{ type: ["string", "null"] }, "string"],
    [{ type: "integer", format: "int64" }, "number"],
    [{ type: "boolean" }, "boolean"],
    [{ type: "null" }, "null"],
    [{ const: "a" }, "fixed"],
    [{ const: null }, "null"],
    [{ type: "string", enum: ["a", "b"] }, "enum"],
    [{ enum: ["a", "b", null] }, "enum"],
    [{ type: "object", properties: { a: true } }, "object"],
    [{ type: "object", additionalProperties: { type: "string" } }, "object"],
    [{ type: "object", additionalProperties: {} }, "object"],
    [{ type: "object" }, "raw"],
    [{ type: "array", items: true }, "array"],
    [{ oneOf: [{ type: "string" }, { type: "integer" }] }, "choice"],
    [{ anyOf: [{ $ref: "#/components/schemas/Node" }, { type: "null" }] }, "object"],
    [{ type: ["string", "integer"] }, "choice"],
    [{ $ref: "#/components/schemas/Node" }, "object"],
    [{ allOf: [{ $ref: "#/components/schemas/Node" }], description: "x" }, "object"],
    [{ $ref: "#/nowhere" }, "raw"],
    [{}, "raw"],
    [true, "raw"],
  ];
  for (const [schema, want] of cases) assert.equal(kind(schema), want, JSON.stringify(schema));
});

test("what editing begins with is valid, and ends", () => {
  const schemas: Schema[] = [
    {
      type: "object",
      properties: { a: { type: "string", minLength: 3 }, b: { type: "integer", minimum: 5 }, c: { type: "string" } },
      required: ["a", "b"],
    },
    { $ref: "#/components/schemas/Node" },
    { oneOf: [{ type: "object", properties: { k: { const: "x" } }, required: ["k"] }, { type: "null" }] },
    { type: "array", minItems: 2, items: { type: "boolean" } },
    { type: "string", format: "date-time" },
  ];
  for (const schema of schemas) assert.deepEqual(validate(schema, initial(document, schema), document.resolve), [], JSON.stringify(schema));
  assert.equal(write(initial(document, schemas[0]!)).includes('"c"'), false, "what isn't required is left out");
  initial(document, { $ref: "#/components/schemas/Endless" });
});

test("members and items are changed without changing what there was", () => {
  const value = parse('{"a":1,"b":2,"c":3}') as Obj;
  assert.equal(write(withMember(value, "b", "x")), '{"a":1,"b":"x","c":3}');
  assert.equal(write(withMember(value, "d", null)), '{"a":1,"b":2,"c":3,"d":null}');
  assert.equal(write(without(value, "a")), '{"b":2,"c":3}');
  assert.equal(write(renamed(value, "b", "z")), '{"a":1,"z":2,"c":3}');
  assert.equal(write(swapped(["1", "2", "3"], 0, 1)), '["2","1","3"]');
  assert.equal(fresh(parse('{"key1":0}') as Obj), "key2");
  assert.equal(write(value), '{"a":1,"b":2,"c":3}');
});

test("a form is about what isn't the envelope's", () => {
  const frame: Schema = {
    type: "object",
    properties: {
      kind: { const: "say" },
      payload: { type: "string" },
      ref: { type: "string" },
      topic: { type: "string" },
      version: { const: 1 },
      extra: { type: "integer" },
      nothing: { type: "null" },
    },
    required: ["kind", "payload", "topic"],
  };
  const body = bodySchema(document, frame, "kind");
  assert.deepEqual(Object.keys((body as { properties: object }).properties), ["payload", "extra"]);
  assert.deepEqual((body as { required: string[] }).required, ["payload"]);
  assert.equal(write(bodyOf(parse('{"kind":"say","payload":"x","ref":"1","toString":2}'), body)), '{"payload":"x"}');
  assert.equal(write(bodyOf(parse("5"), body)), "{}");
});
