import type { Document, Schema } from "../document";
import { synthesise } from "../schema/example";
import { constant, view, type View } from "../schema/view";
import { isObject, list, record } from "../value";
import { from, isObj, type Json, type Obj } from "./json";

/** How a value is edited; "raw" is as JSON. */
export type Kind = "fixed" | "enum" | "choice" | "object" | "array" | "string" | "number" | "boolean" | "null" | "raw";

/** Shape is a schema as its editor needs it. */
export interface Shape {
  readonly kind: Kind;
  readonly view: View;
  /** Of a choice. */
  readonly alternatives: readonly Schema[];
  /** Of an enum, without null; of a fixed value the one. */
  readonly values: readonly Json[];
}

/** shape decides how the values of a schema, other than null, are edited. */
export function shape(document: Document, schema: Schema): Shape {
  const shown = view(document, schema);
  const fixed = constant(shown);
  const values = list(shown.keywords.get("enum")).filter((value) => value !== null);
  const of = (kind: Kind, more: Partial<Shape> = {}): Shape => ({ kind, view: shown, alternatives: [], values: [], ...more });
  if (fixed && !shown.nullable) return fixed.value === null ? of("null") : of("fixed", { values: [from(fixed.value)] });
  if (values.length) return of("enum", { values: values.map(from) });
  if (shown.alternatives.length && !shown.properties.length) return of("choice", { alternatives: shown.alternatives });
  if (shown.types.length > 1) return of("choice", { alternatives: shown.types.map((type) => ({ ...record(shown.keywords), type })) });
  switch (shown.types[0]) {
    case "object":
      return of(shown.properties.length || isWide(shown) ? "object" : "raw");
    case "array":
      return of("array");
    case "string":
    case "boolean":
    case "null":
      return of(shown.types[0]);
    case "integer":
    case "number":
      return of("number");
  }
  return of("raw");
}

/** isWide tells an object that says what members of any other name are like. */
export const isWide = (shown: View): boolean => shown.extra !== undefined && shown.extra !== false;

/** initial is the value that editing begins with: an example, the default, or the smallest there is. */
export const initial = (document: Document, schema: Schema): Json => from(synthesise(document, schema, { optional: false }));

/** withMember is an object whose member of that name is this value; a new one comes last. */
export const withMember = (value: Obj, name: string, item: Json): Obj => new Map([...value, [name, item]]);

export const without = (value: Obj, name: string): Obj => new Map([...value].filter(([other]) => other !== name));

/** renamed is an object whose member has another name, at the same place. */
export const renamed = (value: Obj, name: string, next: string): Obj =>
  new Map([...value].map(([other, item]) => [other === name ? next : other, item]));

/** swapped is a list with the item at from and the one beside it in each other's place. */
export function swapped(value: readonly Json[], from: number, to: number): readonly Json[] {
  const items = [...value];
  [items[from], items[to]] = [items[to]!, items[from]!];
  return items;
}

/** fresh is a name that an object doesn't have yet. */
export function fresh(value: Obj): string {
  for (let n = 1; ; n++) if (!value.has(`key${n}`)) return `key${n}`;
}

/** The members of a frame that belong to the envelope, beside the one that says which message it is. */
const envelope = new Set(["ref", "topic", "version", "seq"]);

/** bodySchema is the schema of a frame's members that a form is for: the payload, and what else isn't the envelope's. */
export function bodySchema(document: Document, frame: Schema, discriminator: string): Schema {
  const shown = view(document, frame);
  const wanted = shown.properties.filter(({ name, schema }) => {
    if (name === discriminator || envelope.has(name)) return false;
    return shape(document, schema).kind !== "null";
  });
  return {
    type: "object",
    properties: record(wanted.map(({ name, schema }) => [name, schema])),
    required: wanted.filter((property) => property.required).map(({ name }) => name),
    additionalProperties: false,
  };
}

/** bodyOf is what a form for that schema has of a frame. */
export function bodyOf(frame: Json, body: Schema): Obj {
  const properties = isObject(body) ? body["properties"] : undefined;
  const entries = isObj(frame) ? [...frame].filter(([name]) => isObject(properties) && Object.hasOwn(properties, name)) : [];
  return new Map(entries);
}
