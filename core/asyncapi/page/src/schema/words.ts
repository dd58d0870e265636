import { list, member, text } from "../value";
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
  const found: Fact[] = [];
  const get = (key: string) => shown.keywords.get(key);
  const say = (word: string, value: unknown) => value !== undefined && found.push({ word, code: json(value) });
  const sayNumber = (word: string, key: string) => bound(get(key)) !== undefined && found.push({ word: `${word} ${get(key)}` });

  say("always", get("const"));
  for (const [index, value] of list(get("enum")).entries()) say(index ? "" : "one of", value);
  for (const [noun, of] of [[" character", "Length"], [" item", "Items"], [" member", "Properties"], ["", "imum"]] as const) {
    const word = range(bound(get(`min${of}`)), bound(get(`max${of}`)), noun);
    if (word) found.push({ word });
  }
  sayNumber("more than", "exclusiveMinimum");
  sayNumber("less than", "exclusiveMaximum");
  sayNumber("a multiple of", "multipleOf");
  const pattern = text(get("pattern"));
  if (pattern) found.push({ word: "matches", code: pattern });
  if (get("uniqueItems") === true) found.push({ word: "no item twice" });
  say("not", member(get("not"), "enum") ?? get("not"));
  if (shown.extra === false && !shown.alternatives.length) found.push({ word: "no other members" });
  if (get("default") !== null) say("default", get("default"));
  say("such as", list(get("examples"))[0] ?? get("example"));
  return found;
}

function range(least: number | undefined, most: number | undefined, noun: string): string {
  if (least === undefined && most === undefined) return "";
  const last = most ?? least;
  const counted = `${last}${noun}${noun && last !== 1 ? "s" : ""}`;
  if (least === undefined) return `at most ${counted}`;
  if (most === undefined) return `at least ${counted}`;
  return least === most ? `exactly ${counted}` : `${least} to ${counted}`;
}

/** bound is a number of a schema that says more than its format does. */
function bound(value: unknown): number | undefined {
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
