import { isSchema, lastOf, pointed } from "../read";
import type { Document, Schema } from "../document";
import { isObject, list, member, members, strings, text, type JsonObject } from "../value";

export interface Property {
  readonly name: string;
  readonly schema: Schema;
  readonly required: boolean;
}

/** View is what a schema says, with its references followed and its allOf joined. */
export interface View {
  /** The keywords, each as the outermost schema that has it says. */
  readonly keywords: ReadonlyMap<string, unknown>;
  /** The name of the component that it is; "" where it is none. */
  readonly name: string;
  /** Without "null", but where it is the only one. None means any. */
  readonly types: readonly string[];
  readonly nullable: boolean;
  readonly title: string;
  readonly description: string;
  readonly deprecated: boolean;
  readonly properties: readonly Property[];
  /** Of the members that aren't properties; undefined where nothing is said of them, false where there may be none. */
  readonly extra: Schema | undefined;
  /** Of an array's items. */
  readonly items: Schema | undefined;
  /** What it can be, besides null; fewer than two: there is no choice. */
  readonly alternatives: readonly Schema[];
  /** Whether just one of the alternatives may hold. */
  readonly exclusive: boolean;
  /** Whether nothing is valid. */
  readonly never: boolean;
  /** Whether a reference leads nowhere. */
  readonly broken: boolean;
}

const depth = 32;

/** Parts are the schemas that all apply to one value: allOf and references make many of one. */
interface Parts {
  readonly document: Document;
  readonly schemas: Set<JsonObject>;
  name: string;
  nullable: boolean;
  alternatives: Schema[];
  exclusive: boolean;
  never: boolean;
  broken: boolean;
}

/** add takes a schema that applies to the value, with those that apply by it. */
function add(parts: Parts, schema: Schema, level: number): void {
  parts.never ||= schema === false;
  if (!isObject(schema) || parts.schemas.has(schema) || level > depth) return;
  const reference = member(schema, "$ref");
  if (typeof reference === "string") {
    const target = pointed(parts.document.raw, reference);
    parts.name ||= lastOf(reference) || reference;
    if (isSchema(target)) add(parts, target, level + 1);
    else parts.broken = true;
    return;
  }
  parts.schemas.add(schema);
  for (const inner of list(member(schema, "allOf"))) if (isSchema(inner)) add(parts, inner, level + 1);
  for (const key of ["oneOf", "anyOf"]) {
    const choices = list(member(schema, key)).filter(isSchema);
    const others = choices.filter((choice) => member(choice, "type") !== "null");
    parts.nullable ||= others.length < choices.length;
    const [only] = others;
    if (others.length === 1 && only !== undefined) add(parts, only, level + 1);
    else if (others.length > 1 && !parts.alternatives.length) {
      parts.alternatives = others;
      parts.exclusive = key === "oneOf";
    }
  }
}

/** view reads a schema, one level deep: what it contains is read when it is looked at. */
export function view(document: Document, schema: Schema): View {
  const parts: Parts = {
    document,
    schemas: new Set(),
    name: "",
    nullable: false,
    alternatives: [],
    exclusive: false,
    never: false,
    broken: false,
  };
  add(parts, schema, 0);
  const keywords = new Map<string, unknown>();
  for (const part of parts.schemas) {
    for (const [key, value] of members(part)) if (!keywords.has(key)) keywords.set(key, value);
  }
  const types = new Set(typesOf(keywords));
  parts.nullable ||= types.size > 1 && types.delete("null");
  const extra = keywords.get("additionalProperties");
  const items = keywords.get("items");
  return {
    ...parts,
    keywords,
    types: [...types],
    title: text(keywords.get("title")),
    description: text(keywords.get("description")),
    deprecated: keywords.get("deprecated") === true || keywords.get("x-deprecated") === true,
    properties: propertiesOf([...parts.schemas]),
    extra: isSchema(extra) ? extra : undefined,
    items: isSchema(items) ? items : undefined,
  };
}

function typesOf(keywords: ReadonlyMap<string, unknown>): string[] {
  const type = keywords.get("type");
  if (typeof type === "string") return [type];
  if (Array.isArray(type)) return strings(type);
  if (keywords.has("properties") || keywords.has("additionalProperties")) return ["object"];
  return keywords.has("items") ? ["array"] : [];
}

function propertiesOf(schemas: readonly JsonObject[]): Property[] {
  const required = new Set(schemas.flatMap((schema) => strings(member(schema, "required"))));
  const found = new Map<string, Schema>();
  for (const [key, property] of schemas.flatMap((schema) => members(member(schema, "properties")))) {
    if (isSchema(property) && !found.has(key)) found.set(key, property);
  }
  return [...found].map(([name, schema]) => ({ name, schema, required: required.has(name) }));
}

/** constant is the only value that a schema allows; undefined where there is none. */
export function constant(shown: View): { readonly value: unknown } | undefined {
  if (shown.keywords.has("const")) return { value: shown.keywords.get("const") };
  const values = list(shown.keywords.get("enum"));
  return values.length === 1 ? { value: values[0] } : undefined;
}

/** label is what tells a schema from others beside it: its title, name or constant. */
export function label(document: Document, schema: Schema, index: number): string {
  const shown = view(document, schema);
  if (shown.title) return shown.title;
  if (shown.name) return shown.name;
  const constants = shown.properties.map((property) => constant(view(document, property.schema))?.value);
  const told = constants.find((value) => typeof value === "string");
  if (typeof told === "string" && told) return told;
  const own = constant(shown);
  if (own) return JSON.stringify(own.value);
  return shown.types.length ? shown.types.join(" or ") : `alternative ${index + 1}`;
}

/** inner is the schema of what is in a list or a map; undefined of anything else. */
export function inner(shown: View): Schema | undefined {
  return shown.items ?? (isMap(shown) ? shown.extra : undefined);
}

/** isMap tells an object whose members have any name. */
export function isMap(shown: View): boolean {
  return shown.properties.length === 0 && shown.extra !== undefined && shown.extra !== false && !isEmpty(shown.extra);
}

function isEmpty(schema: Schema): boolean {
  return isObject(schema) && Object.keys(schema).length === 0;
}
