import { isSchema, pointed } from "../read";
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

/** view reads a schema, one level deep: what it contains is read when it is looked at. */
export function view(document: Document, schema: Schema): View {
  const parts = new Parts(document);
  parts.add(schema, 0);
  return parts.view();
}

/** refName is the last part of a schema's reference; "" where it is none. */
export function refName(schema: Schema): string {
  const reference = text(member(schema, "$ref"));
  return reference ? name(reference) : "";
}

function name(reference: string): string {
  const last = reference.slice(reference.lastIndexOf("/") + 1).replaceAll("~1", "/").replaceAll("~0", "~");
  try {
    return decodeURIComponent(last);
  } catch {
    return last;
  }
}

/** Parts are the schemas that all apply to one value: allOf and references make many of one. */
class Parts {
  private readonly schemas: JsonObject[] = [];
  private readonly seen = new Set<unknown>();
  private name = "";
  private nullable = false;
  private alternatives: Schema[] = [];
  private exclusive = false;
  private never = false;
  private broken = false;

  constructor(private readonly document: Document) {}

  add(schema: Schema, level: number): void {
    if (schema === false) this.never = true;
    if (typeof schema === "boolean" || this.seen.has(schema) || level > depth) return;
    this.seen.add(schema);
    const reference = member(schema, "$ref");
    if (typeof reference === "string") {
      const target = pointed(this.document.raw, reference);
      this.name ||= name(reference);
      if (isSchema(target)) this.add(target, level + 1);
      else this.broken = true;
      return;
    }
    this.schemas.push(schema);
    for (const part of list(member(schema, "allOf"))) if (isSchema(part)) this.add(part, level + 1);
    this.choose(list(member(schema, "oneOf")), true, level);
    this.choose(list(member(schema, "anyOf")), false, level);
  }

  private choose(schemas: readonly unknown[], exclusive: boolean, level: number): void {
    const choices = schemas.filter(isSchema);
    const others = choices.filter((choice) => member(choice, "type") !== "null");
    if (others.length < choices.length) this.nullable = true;
    const [only] = others;
    if (others.length === 1 && only !== undefined) this.add(only, level + 1);
    else if (others.length > 1 && !this.alternatives.length) {
      this.alternatives = others;
      this.exclusive = exclusive;
    }
  }

  view(): View {
    const keywords = new Map<string, unknown>();
    for (const schema of this.schemas) {
      for (const [key, value] of members(schema)) if (!keywords.has(key)) keywords.set(key, value);
    }
    const types = new Set(this.types(keywords.get("type")));
    const nullable = this.nullable || (types.size > 1 && types.delete("null"));
    const extra = keywords.get("additionalProperties");
    const items = keywords.get("items");
    return {
      keywords,
      name: this.name,
      types: [...types],
      nullable,
      title: text(keywords.get("title")),
      description: text(keywords.get("description")),
      deprecated: keywords.get("deprecated") === true || keywords.get("x-deprecated") === true,
      properties: this.properties(),
      extra: isSchema(extra) ? extra : undefined,
      items: isSchema(items) ? items : undefined,
      alternatives: this.alternatives,
      exclusive: this.exclusive,
      never: this.never,
      broken: this.broken,
    };
  }

  private types(type: unknown): string[] {
    if (typeof type === "string") return [type];
    if (Array.isArray(type)) return strings(type);
    const shape = (...keywords: string[]) => this.schemas.some((schema) => keywords.some((key) => Object.hasOwn(schema, key)));
    if (shape("properties", "additionalProperties")) return ["object"];
    return shape("items") ? ["array"] : [];
  }

  private properties(): Property[] {
    const required = new Set(this.schemas.flatMap((schema) => strings(member(schema, "required"))));
    const found = new Map<string, Schema>();
    for (const schema of this.schemas) {
      for (const [key, property] of members(member(schema, "properties"))) {
        if (isSchema(property) && !found.has(key)) found.set(key, property);
      }
    }
    return [...found].map(([key, schema]) => ({ name: key, schema, required: required.has(key) }));
  }
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

/** isMap tells an object whose members have any name. */
export function isMap(shown: View): boolean {
  return shown.properties.length === 0 && shown.extra !== undefined && shown.extra !== false && !isEmpty(shown.extra);
}

function isEmpty(schema: Schema): boolean {
  return isObject(schema) && Object.keys(schema).length === 0;
}
