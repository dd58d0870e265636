import { list, text } from "../value";
import { isMap, type View } from "./view";

/** Fact is something that a schema asks of a value: a word, and JSON or a pattern after it. */
export interface Fact {
  readonly word: string;
  readonly code?: string;
}

/** The ends of the integers of 64 bits, as JavaScript has them: that a value is within them says its format. */
const ends = new Set([2 ** 63, -(2 ** 63), 2 ** 64]);

/** facts says in words what a schema asks, besides its type. */
export function facts(shown: View): Fact[] {
  const { keywords } = shown;
  const found: Fact[] = [];
  const has = (key: string) => keywords.has(key);
  if (has("const")) found.push({ word: "always", code: json(keywords.get("const")) });
  const values = list(keywords.get("enum"));
  for (const [index, value] of values.entries()) found.push({ word: index ? "" : "one of", code: json(value) });
  found.push(...limits(shown));
  const pattern = text(keywords.get("pattern"));
  if (pattern) found.push({ word: "matches", code: pattern });
  if (keywords.get("uniqueItems") === true) found.push({ word: "no item twice" });
  if (keywords.get("readOnly") === true) found.push({ word: "read only" });
  if (keywords.get("writeOnly") === true) found.push({ word: "write only" });
  if (has("not")) found.push({ word: "not", code: json(keywords.get("not")) });
  if (shown.extra === false && !shown.alternatives.length) found.push({ word: "no other members" });
  if (has("default") && keywords.get("default") !== null) found.push({ word: "default", code: json(keywords.get("default")) });
  const [example] = [...list(keywords.get("examples")), keywords.get("example")];
  if (example !== undefined) found.push({ word: "such as", code: json(example) });
  return found;
}

function limits(shown: View): Fact[] {
  const between = (least: string, most: string, one: string, many: string) =>
    range(shown.keywords.get(least), shown.keywords.get(most), one, many);
  const found = [
    between("minLength", "maxLength", " character", " characters"),
    between("minItems", "maxItems", " item", " items"),
    between("minProperties", "maxProperties", " member", " members"),
    between("minimum", "maximum", "", ""),
  ];
  const { keywords } = shown;
  const above = number(keywords.get("exclusiveMinimum"));
  const below = number(keywords.get("exclusiveMaximum"));
  const step = number(keywords.get("multipleOf"));
  if (above !== undefined) found.push(`more than ${above}`);
  if (below !== undefined) found.push(`less than ${below}`);
  if (step !== undefined) found.push(`a multiple of ${step}`);
  return found.filter((word) => word !== "").map((word) => ({ word }));
}

function range(least: unknown, most: unknown, one: string, many: string): string {
  const low = number(least);
  const high = number(most);
  const counted = (count: number) => `${count}${count === 1 ? one : many}`;
  if (low !== undefined && low === high) return `exactly ${counted(low)}`;
  if (low !== undefined && high !== undefined) return `${low} to ${counted(high)}`;
  if (low !== undefined) return `at least ${counted(low)}`;
  return high === undefined ? "" : `at most ${counted(high)}`;
}

function number(value: unknown): number | undefined {
  return typeof value === "number" && !ends.has(value) ? value : undefined;
}

/** The longest value that is shown among words. */
const longest = 200;

function json(value: unknown): string {
  const written = JSON.stringify(value) ?? "";
  return written.length > longest ? written.slice(0, longest) + "…" : written;
}

/** typeName says what kind of value a schema is for, but for the types within it. */
export function typeName(shown: View): string {
  if (shown.never) return "nothing";
  if (shown.broken) return "unknown: its reference leads nowhere";
  const format = text(shown.keywords.get("format")) || text(shown.keywords.get("contentEncoding"));
  const names = shown.types.map((type) => (type === "object" && isMap(shown) ? "map" : type));
  const name = names.join(" or ") || (shown.alternatives.length ? "" : implied(shown));
  return format && name ? `${name} <${format}>` : name;
}

/** What a schema without a type is for. */
function implied(shown: View): string {
  const values = shown.keywords.has("const") ? [shown.keywords.get("const")] : list(shown.keywords.get("enum"));
  const types = new Set(values.map((value) => (value === null ? "null" : Array.isArray(value) ? "array" : typeof value)));
  return [...types].join(" or ") || "any";
}
