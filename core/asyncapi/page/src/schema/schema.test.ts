import assert from "node:assert/strict";
import { test } from "node:test";
import type { Document, Schema } from "../document";
import { read } from "../read";
import { synthesise } from "./example";
import { isMap, label, view } from "./view";
import { facts, typeName } from "./words";

const document: Document = read({
  components: {
    schemas: {
      User: { type: "object", description: "Who", properties: { name: { type: "string" }, boss: { $ref: "#/components/schemas/User" } }, required: ["name"] },
      Must: { type: "object", properties: { next: { $ref: "#/components/schemas/Must" } }, required: ["next"] },
      Ring: { $ref: "#/components/schemas/Ring" },
      Self: { allOf: [{ $ref: "#/components/schemas/Self" }] },
      Tree: { anyOf: [{ $ref: "#/components/schemas/Tree" }, { type: "array", items: { $ref: "#/components/schemas/Tree" } }] },
    },
  },
});
const ref = (name: string): Schema => ({ $ref: `#/components/schemas/${name}` });

test("a view joins what applies to one value", () => {
  const wrapped = view(document, { description: "Mine", allOf: [ref("User"), { required: ["boss"] }] });
  assert.equal(wrapped.description, "Mine");
  assert.equal(wrapped.name, "User");
  assert.deepEqual(wrapped.properties.map(({ name, required }) => [name, required]), [["name", true], ["boss", true]]);

  const nullable = view(document, { anyOf: [ref("User"), { type: "null" }], description: "Or none" });
  assert.deepEqual([nullable.name, nullable.nullable, nullable.description, nullable.types], ["User", true, "Or none", ["object"]]);

  const choice = view(document, { oneOf: [{ type: "string" }, { type: "null" }, ref("User")] });
  assert.deepEqual([choice.alternatives.length, choice.nullable, choice.exclusive], [2, true, true]);

  assert.deepEqual(view(document, { type: ["integer", "null"] }).types, ["integer"]);
  assert.deepEqual(view(document, { type: "null" }).types, ["null"]);
  assert.deepEqual(view(document, { properties: {} }).types, ["object"]);
  assert.equal(view(document, ref("nobody")).broken, true);
  assert.equal(view(document, false).never, true);
  assert.deepEqual(view(document, ref("Ring")).types, []);
  assert.deepEqual(view(document, ref("Self")).types, []);
});

test("maps are told from objects", () => {
  assert.equal(isMap(view(document, { type: "object", additionalProperties: { type: "string" } })), true);
  assert.equal(isMap(view(document, { type: "object", additionalProperties: true })), true);
  assert.equal(isMap(view(document, { type: "object", additionalProperties: false })), false);
  assert.equal(isMap(view(document, { type: "object", properties: { a: {} }, additionalProperties: true })), false);
});

test("alternatives have names", () => {
  const names: [Schema, string][] = [
    [{ title: "Box" }, "Box"],
    [ref("User"), "User"],
    [{ properties: { kind: { const: "circle" } } }, "circle"],
    [{ const: 5 }, "5"],
    [{ type: ["string", "integer"] }, "string or integer"],
    [{}, "alternative 3"],
  ];
  for (const [schema, want] of names) assert.equal(label(document, schema, 2), want);
});

test("what a schema asks, in words", () => {
  const asked: [Schema, string, string][] = [
    [{ type: "string", minLength: 1, maxLength: 500 }, "string", "1 to 500 characters"],
    [{ type: "string", minLength: 1 }, "string", "at least 1 character"],
    [{ type: "array", items: {}, minItems: 4, maxItems: 4, uniqueItems: true }, "array", "exactly 4 items; no item twice"],
    [{ type: "integer", format: "int64", minimum: -9223372036854775808, maximum: 9223372036854775807 }, "integer <int64>", ""],
    [{ type: "number", exclusiveMinimum: 0, exclusiveMaximum: 1, multipleOf: 0.1 }, "number", "more than 0; less than 1; a multiple of 0.1"],
    [{ type: "string", enum: ["a", "b"], default: "a" }, "string", 'one of "a";  "b"; default "a"'],
    [{ const: null }, "null", "always null"],
    [{ type: "string", pattern: "^a$", examples: ["a"] }, "string", 'matches ^a$; such as "a"'],
    [{ type: "object", additionalProperties: false }, "object", "no other members"],
    [{ type: "object", additionalProperties: { type: "string" } }, "map", ""],
    [{}, "any", ""],
    [false, "nothing", ""],
  ];
  for (const [schema, type, words] of asked) {
    const shown = view(document, schema);
    assert.equal(typeName(shown), type);
    assert.equal(facts(shown).map(({ word, code }) => (code === undefined ? word : `${word} ${code}`)).join("; "), words);
  }
});

test("an example of a schema", () => {
  const examples: [Schema, unknown][] = [
    [{ type: "string" }, "text"],
    [{ type: "string", minLength: 6 }, "textte"],
    [{ type: "string", maxLength: 2 }, "te"],
    [{ type: "string", format: "uuid" }, "123e4567-e89b-42d3-a456-426614174000"],
    [{ type: "string", format: "constructor" }, "text"],
    [{ type: "string", examples: ["a"], default: "b" }, "a"],
    [{ type: "string", default: "b", enum: ["a", "b"] }, "b"],
    [{ type: "integer", minimum: 3 }, 3],
    [{ type: "integer", maximum: -3 }, -3],
    [{ type: "number", exclusiveMinimum: 0 }, 1],
    [{ type: "integer", minimum: 3, multipleOf: 5 }, 5],
    [{ type: "boolean" }, false],
    [{ type: "null" }, null],
    [{ type: ["string", "null"], default: null }, "text"],
    [{ type: "array", items: { type: "string" } }, ["text"]],
    [{ type: "array", items: { type: "string" }, minItems: 2 }, ["text", "text"]],
    [{ type: "object", additionalProperties: { type: "integer" } }, { key: 0 }],
    [{ oneOf: [{ const: 1 }, { const: 2 }] }, 1],
    [ref("User"), { name: "text" }],
    [{}, {}],
  ];
  for (const [schema, want] of examples) assert.deepEqual(synthesise(document, schema), want, JSON.stringify(schema));
  assert.deepEqual(synthesise(document, { type: "object", properties: { a: { type: "string" } } }, { optional: false }), {});
});

test("examples end where schemas don't, and hold any name", () => {
  for (const name of ["Must", "Ring", "Self", "Tree", "nobody"]) JSON.stringify(synthesise(document, ref(name)));
  const made = synthesise(document, JSON.parse('{"type":"object","properties":{"__proto__":{"type":"string"}}}') as Schema);
  assert.equal(JSON.stringify(made), '{"__proto__":"text"}');
  synthesise(document, { type: "string", minLength: 1e9 });
  synthesise(document, { type: "array", items: { type: "string" }, minItems: 1e9 });
});

test("schemas of any kind are looked at without throwing", () => {
  const values: unknown[] = [null, 5, "x", [], {}, true, [5], { a: 5 }, [[]]];
  const keys = ["type", "properties", "required", "enum", "const", "items", "additionalProperties", "anyOf", "oneOf", "allOf", "$ref", "minLength", "minimum", "multipleOf", "pattern", "format", "examples", "default", "title", "description", "not"];
  for (const key of keys) {
    for (const value of values) {
      for (const type of ["object", "array", "string", "integer", undefined]) {
        const schema = { ...(type && { type }), [key]: value };
        const shown = view(document, schema);
        facts(shown);
        typeName(shown);
        synthesise(document, schema);
      }
    }
  }
});
