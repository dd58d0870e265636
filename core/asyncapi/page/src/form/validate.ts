import type { Schema } from "../document";
import { list, member, members, strings, text } from "../value";
import { formats } from "./formats";
import { compare, equal, from, isList, isObj, key, multiple, Num, step, typeOf, write, type Json } from "./json";

/** Violation is one way in which a value breaks a schema, in the form that the server's errors have. */
export interface Violation {
  /** A JSON Pointer from the value. A missing member has the path that it would have. */
  readonly path: string;
  /** The keyword that is broken, where it stands for itself. */
  readonly code?: string;
  /** To be read after the name of the value: "is required". */
  readonly message: string;
}

/** Resolve gives what a value that may be a reference stands for. */
export type Resolve = (value: unknown) => unknown;

/** validate reports all that is wrong with a value; nothing is wrong with one for which the schema is unknown. */
export const validate = (schema: Schema, value: Json, resolve: Resolve): Violation[] => new Check(resolve).schema(schema, value, "", 0);

/** closest is the alternative that a value is most likely meant to be, and whether it stands out. */
export function closest(alternatives: readonly unknown[], value: Json, resolve: Resolve): number {
  return new Check(resolve).closest(alternatives, value, "", 0).index;
}

// References can go round without an end.
const maxDepth = 400;

type Rule = (
  check: Check,
  rule: unknown,
  value: Json,
  path: string,
  depth: number,
  schema: unknown,
) => Violation[] | string | false | undefined;

class Check {
  constructor(private readonly resolve: Resolve) {}

  schema(schema: unknown, value: Json, path: string, depth: number): Violation[] {
    const found: Violation[] = [];
    schema = this.resolve(schema);
    if (schema === false) return [{ path, message: "must not be there" }];
    if (depth > maxDepth) return found;
    for (const [name, rule] of members(schema)) {
      const result = rules.get(name)?.(this, rule, value, path, depth + 1, schema);
      if (typeof result === "string") found.push({ path, code: name, message: result });
      else if (result) found.push(...result);
    }
    return found;
  }

  closest(
    alternatives: readonly unknown[],
    value: Json,
    path: string,
    depth: number,
  ): { index: number; found: Violation[][]; clear: boolean } {
    const found = alternatives.map((alternative) => this.schema(alternative, value, path, depth));
    const ranks = found.map((violations) => rank(violations, path));
    const best = Math.min(...ranks);
    const among = ranks.flatMap((r, i) => (r === best ? [i] : []));
    const index = among.reduce((a, b) => (found[b]!.length < found[a]!.length ? b : a), among[0] ?? 0);
    return { index, found, clear: among.length === 1 };
  }
}

/** How far off an alternative is: another type is further off than another constant, such as of a discriminator. */
function rank(violations: Violation[], path: string): number {
  const names = (code: string) =>
    violations.some((v) => v.code === code && v.path.startsWith(path) && !v.path.slice(path.length + 1).includes("/"));
  if (violations.some((v) => v.code === "type" && v.path === path)) return 3;
  return names("const") || names("enum") ? 2 : Math.min(violations.length, 1);
}

const plural = (n: unknown, one: string): string => `${n} ${one}${n === 1 ? "" : "s"}`;
const nouns: Record<string, string> = {
  null: "null",
  boolean: "true or false",
  integer: "a whole number",
  number: "a number",
  string: "a text",
  array: "a list",
  object: "an object",
};

/** What a schema has as a limit. The ends of 64 bits don't fit into a number of JavaScript: what is next to them is meant. */
export function limit(rule: unknown): Num {
  const n = Number(rule);
  return new Num(n === 2 ** 63 || n === 2 ** 64 ? String(BigInt(n) - 1n) : String(n));
}

const patterns = new Map<string, RegExp | undefined>();

function compile(source: string): RegExp | undefined {
  if (!patterns.has(source)) {
    let compiled: RegExp | undefined;
    try {
      compiled = new RegExp(source, "u");
    } catch {
      // What this browser can't read, only the server checks.
    }
    patterns.set(source, compiled);
  }
  return patterns.get(source);
}

const count =
  (size: (value: Json) => number | undefined, least: boolean, verb: string, noun: string, end = ""): Rule =>
  (_, rule, value) => {
    const n = size(value);
    return (
      n !== undefined &&
      (least ? n < Number(rule) : n > Number(rule)) &&
      `must ${verb} at ${least ? "least" : "most"} ${plural(rule, noun)}${end}`
    );
  };
const length = (value: Json) => (typeof value === "string" ? [...value].length : undefined);
const items = (value: Json) => (isList(value) ? value.length : undefined);
const size = (value: Json) => (isObj(value) ? value.size : undefined);

const bound =
  (broken: (order: number) => boolean, words: string): Rule =>
  (_, rule, value) => {
    if (!(value instanceof Num) || typeof rule !== "number") return false;
    const end = limit(rule);
    return broken(compare(value, end)) && `must be ${words} ${end.text}`;
  };

const either =
  (exactly: boolean): Rule =>
  (check, rule, value, path, depth) => {
    const { index, found, clear } = check.closest(list(rule), value, path, depth);
    const satisfied = found.filter((violations) => !violations.length).length;
    if (!found.length || satisfied === 1 || (satisfied && !exactly)) return false;
    if (satisfied) return `must satisfy exactly one of the alternatives, not ${satisfied}`;
    return clear ? found[index] : "must satisfy one of the alternatives";
  };

const rules = new Map<string, Rule>([
  [
    "type",
    (_, rule, value) => {
      const types = typeof rule === "string" ? [rule] : strings(rule);
      const type = typeOf(value);
      const fits = !types.length || types.includes(type) || (type === "integer" && types.includes("number"));
      return !fits && `must be ${types.map((t) => nouns[t] ?? t).join(" or ")}, not ${nouns[type]}`;
    },
  ],
  [
    "enum",
    (_, rule, value) =>
      !list(rule).some((one) => equal(from(one), value)) &&
      `must be one of ${list(rule)
        .map((one) => write(from(one)))
        .join(", ")}`,
  ],
  ["const", (_, rule, value) => !equal(from(rule), value) && `must be ${write(from(rule))}`],
  ["minLength", count(length, true, "be", "character", " long")],
  ["maxLength", count(length, false, "be", "character", " long")],
  ["pattern", (_, rule, value) => typeof value === "string" && compile(text(rule))?.test(value) === false && `must match ${text(rule)}`],
  [
    "format",
    (_, rule, value) => typeof value === "string" && formats.get(text(rule))?.(value) === false && `must be a valid ${text(rule)}`,
  ],
  ["minimum", bound((order) => order < 0, "at least")],
  ["maximum", bound((order) => order > 0, "at most")],
  ["exclusiveMinimum", bound((order) => order <= 0, "more than")],
  ["exclusiveMaximum", bound((order) => order >= 0, "less than")],
  [
    "multipleOf",
    (_, rule, value) =>
      value instanceof Num && typeof rule === "number" && !multiple(value, new Num(String(rule))) && `must be a multiple of ${rule}`,
  ],
  [
    "items",
    (check, rule, value, path, depth) => (isList(value) ? value.flatMap((item, i) => check.schema(rule, item, step(path, i), depth)) : []),
  ],
  ["minItems", count(items, true, "have", "item")],
  ["maxItems", count(items, false, "have", "item")],
  [
    "uniqueItems",
    (_, rule, value) =>
      rule === true && isList(value) && new Set(value.map(key)).size < value.length && "must not have the same item twice",
  ],
  [
    "required",
    (_, rule, value, path) =>
      isObj(value)
        ? strings(rule)
            .filter((name) => !value.has(name))
            .map((name) => ({ path: step(path, name), message: "is required" }))
        : [],
  ],
  [
    "properties",
    (check, rule, value, path, depth) =>
      isObj(value)
        ? members(rule).flatMap(([name, schema]) =>
            value.has(name) ? check.schema(schema, value.get(name)!, step(path, name), depth) : [],
          )
        : [],
  ],
  [
    "additionalProperties",
    (check, rule, value, path, depth, schema) =>
      isObj(value)
        ? [...value].flatMap(([name, item]) => {
            if (member(member(schema, "properties"), name) !== undefined) return [];
            if (rule === false)
              return [{ path: step(path, name), message: "is not a member that is allowed here" }];
            return check.schema(rule, item, step(path, name), depth);
          })
        : [],
  ],
  [
    "propertyNames",
    (check, rule, value, path, depth) =>
      isObj(value)
        ? [...value.keys()].flatMap((name) =>
            check.schema(rule, name, "", depth).length
              ? [{ path: step(path, name), message: "is not a name that is allowed here" }]
              : [],
          )
        : [],
  ],
  ["minProperties", count(size, true, "have", "member")],
  ["maxProperties", count(size, false, "have", "member")],
  ["allOf", (check, rule, value, path, depth) => list(rule).flatMap((schema) => check.schema(schema, value, path, depth))],
  ["anyOf", either(false)],
  ["oneOf", either(true)],
  ["not", (check, rule, value, path, depth) => !check.schema(rule, value, path, depth).length && "must not be what is excluded"],
]);
