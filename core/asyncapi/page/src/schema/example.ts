import type { Document, Schema } from "../document";
import { list, member, record, text } from "../value";
import { constant, isMap, view, type View } from "./view";

/** How deep values are made: what is deeper, and not required, is left out. */
const deepest = 8;

export interface ExampleOptions {
  /** Whether members that aren't required are made, too. */
  readonly optional?: boolean;
}

/**
 * synthesise makes a value that a schema allows: its example, default or constant, the
 * first of its values, else the smallest. It ends also where the schema doesn't. Where
 * the smallest that this knows to make isn't valid, such as for a pattern, neither is
 * what it returns.
 */
export function synthesise(document: Document, schema: Schema, options: ExampleOptions = {}): unknown {
  return make(document, schema, options.optional ?? true, []);
}

function make(document: Document, schema: Schema, optional: boolean, above: readonly string[]): unknown {
  const shown = view(document, schema);
  const given = declared(shown);
  if (given) return given.value;
  const again = shown.name !== "" && above.includes(shown.name);
  if (above.length >= deepest || (again && shown.nullable)) return null;
  const path = [...above, shown.name];
  const [first] = shown.alternatives;
  if (first !== undefined && !shown.properties.length) return make(document, first, optional, path);
  switch (shown.types[0]) {
    case "object":
      return object(document, shown, optional && !again, path);
    case "array":
      return array(document, shown, optional && !again, path);
    case "string":
      return string(shown);
    case "integer":
    case "number":
      return number(shown);
    case "boolean":
      return false;
    case "null":
      return null;
  }
  return shown.nullable ? null : {};
}

/** declared is the value that the schema itself gives. */
function declared(shown: View): { value: unknown } | undefined {
  const { keywords } = shown;
  const [example] = list(keywords.get("examples"));
  if (example !== undefined) return { value: example };
  if (keywords.has("example")) return { value: keywords.get("example") };
  const fixed = constant(shown);
  if (fixed) return fixed;
  if (keywords.has("default") && keywords.get("default") !== null) return { value: keywords.get("default") };
  const [value] = list(keywords.get("enum"));
  return value === undefined ? undefined : { value };
}

function object(document: Document, shown: View, optional: boolean, path: readonly string[]): unknown {
  const wanted = shown.properties.filter(
    (property) => property.required || (optional && !path.includes(view(document, property.schema).name || "-")),
  );
  const entries: [string, unknown][] = wanted.map(({ name, schema }) => [name, make(document, schema, optional, path)]);
  if (isMap(shown) && shown.extra !== undefined && optional) entries.push(["key", make(document, shown.extra, optional, path)]);
  return record(entries);
}

function array(document: Document, shown: View, optional: boolean, path: readonly string[]): unknown[] {
  const least = Math.min(numeric(shown, "minItems", 0), 8);
  if (shown.items === undefined) return [];
  const recursive = path.includes(view(document, shown.items).name || "-");
  const length = Math.max(least, optional && !recursive ? 1 : 0);
  return Array.from({ length }, () => make(document, shown.items ?? true, optional, path));
}

const formats: Readonly<Record<string, string>> = {
  "date-time": "2026-01-31T09:30:00Z",
  date: "2026-01-31",
  time: "09:30:00Z",
  email: "someone@example.com",
  hostname: "example.com",
  ipv4: "192.0.2.1",
  ipv6: "2001:db8::1",
  uri: "https://example.com/",
  uuid: "123e4567-e89b-42d3-a456-426614174000",
  base64: "aGVsbG8=",
};

function string(shown: View): string {
  const format = member(formats, text(shown.keywords.get("format")) || text(shown.keywords.get("contentEncoding")));
  const least = Math.min(numeric(shown, "minLength", 0), 1024);
  return text(format) || "text".padEnd(least, "text").slice(0, Math.max(0, numeric(shown, "maxLength", Infinity)));
}

function number(shown: View): number {
  const step = numeric(shown, "multipleOf", 1) || 1;
  const least = Math.max(numeric(shown, "minimum", -Infinity), numeric(shown, "exclusiveMinimum", -Infinity) + step);
  const most = Math.min(numeric(shown, "maximum", Infinity), numeric(shown, "exclusiveMaximum", Infinity) - step);
  const value = Math.min(Math.max(0, least), most);
  const multiple = Math.ceil(value / step) * step;
  return step !== 1 && multiple <= most ? multiple : value;
}

function numeric(shown: View, keyword: string, otherwise: number): number {
  const value = shown.keywords.get(keyword);
  return typeof value === "number" ? value : otherwise;
}
