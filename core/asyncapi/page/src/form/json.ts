/** A number as it is written: a 64-bit integer doesn't fit into JavaScript's. */
export class Num {
  constructor(readonly text: string) {}
}

/** A JSON value. Objects are maps, so that no name means anything to JavaScript. */
export type Json = null | boolean | string | Num | readonly Json[] | Obj;
export type Obj = ReadonlyMap<string, Json>;

export const isObj = (value: Json | undefined): value is Obj => value instanceof Map;
export const isList = (value: Json | undefined): value is readonly Json[] => Array.isArray(value);

/** Where a text isn't JSON. Line and column count from 1. */
export class JsonError extends Error {
  readonly line: number;
  readonly column: number;

  constructor(message: string, text: string, offset: number) {
    const before = text.slice(0, offset);
    const line = before.split("\n").length;
    const column = offset - before.lastIndexOf("\n");
    super(`line ${line}, column ${column}: ${message}`);
    this.line = line;
    this.column = column;
  }
}

const maxDepth = 512;
const numberText = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
// A control character ends a string: it has to be escaped.
const stringText = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const literals: [string, Json][] = [["null", null], ["true", true], ["false", false]];

/** Whether a text is a number of JSON. */
export const isNumber = (text: string): boolean => {
  numberText.lastIndex = 0;
  return numberText.test(text) && numberText.lastIndex === text.length;
};

class Parser {
  private at = 0;

  constructor(private readonly text: string) {}

  document(): Json {
    const value = this.value(0);
    this.space();
    if (this.at < this.text.length) this.fail("there is more after the value");
    return value;
  }

  private fail(message: string, at = this.at): never {
    throw new JsonError(message, this.text, at);
  }

  private space(): void {
    while (" \t\n\r".includes(this.text[this.at] ?? "x")) this.at++;
  }

  private match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at;
    if (!pattern.test(this.text)) return undefined;
    const found = this.text.slice(this.at, pattern.lastIndex);
    this.at = pattern.lastIndex;
    return found;
  }

  /** takes reports whether a character comes next, and goes past it. */
  private takes(char: string): boolean {
    this.space();
    if (this.text[this.at] !== char) return false;
    this.at++;
    return true;
  }

  private value(depth: number): Json {
    if (depth > maxDepth) this.fail("it is nested too deep");
    if (this.takes("{")) return this.object(depth);
    if (this.takes("[")) return this.list(depth);
    if (this.text[this.at] === '"') return this.string();
    for (const [word, value] of literals) {
      if (this.text.startsWith(word, this.at)) {
        this.at += word.length;
        return value;
      }
    }
    const number = this.match(numberText);
    if (number !== undefined) return new Num(number);
    return this.fail(this.at < this.text.length ? "a value was expected" : "the text ends too early");
  }

  private string(): string {
    const found = this.match(stringText);
    if (found === undefined) this.fail("a string isn't closed, or has a character that must be escaped");
    return JSON.parse(found) as string;
  }

  private list(depth: number): Json {
    const items: Json[] = [];
    if (this.takes("]")) return items;
    do items.push(this.value(depth + 1));
    while (this.takes(","));
    if (!this.takes("]")) this.fail("a comma or ] was expected");
    return items;
  }

  private object(depth: number): Json {
    const members = new Map<string, Json>();
    if (this.takes("}")) return members;
    do {
      this.space();
      if (this.text[this.at] !== '"') this.fail("a name in quotes was expected");
      const start = this.at;
      const name = this.string();
      if (members.has(name)) this.fail(`the name ${JSON.stringify(name)} is there twice`, start);
      if (!this.takes(":")) this.fail("a colon was expected");
      members.set(name, this.value(depth + 1));
    } while (this.takes(","));
    if (!this.takes("}")) this.fail("a comma or } was expected");
    return members;
  }
}

/** parse reads JSON, the way the server does: a name that is there twice is refused. It throws a JsonError. */
export const parse = (text: string): Json => new Parser(text).document();

/** write is the text of a value; with an indent, in spaces, on many lines. */
export function write(value: Json, indent = 0, margin = ""): string {
  if (value instanceof Num) return value.text;
  const list = isList(value);
  if (!list && !isObj(value)) return JSON.stringify(value);
  const inner = margin + " ".repeat(indent);
  const parts = list
    ? value.map((item) => write(item, indent, inner))
    : [...value].map(([name, item]) => JSON.stringify(name) + (indent ? ": " : ":") + write(item, indent, inner));
  const [open, close] = list ? "[]" : "{}";
  if (!parts.length) return `${open}${close}`;
  return indent ? `${open}\n${inner}${parts.join(`,\n${inner}`)}\n${margin}${close}` : `${open}${parts.join(",")}${close}`;
}

/** from makes a value of what JSON.parse gave, such as the default in a schema. */
export function from(value: unknown): Json {
  if (typeof value === "number") return new Num(String(value));
  if (Array.isArray(value)) return value.map(from);
  if (value && typeof value === "object") return new Map(Object.entries(value).map(([name, item]) => [name, from(item)]));
  return typeof value === "string" || typeof value === "boolean" ? value : null;
}

/** key is a text that two values share that are equal: numbers by what they are worth, objects whatever their order. */
export function key(value: Json): string {
  if (value instanceof Num) {
    const { digits, exponent } = decimal(value);
    return `${digits}e${exponent}`;
  }
  if (isList(value)) return `[${value.map(key).join()}]`;
  if (isObj(value)) return `{${[...value].map(([name, item]) => JSON.stringify(name) + key(item)).sort().join()}}`;
  return JSON.stringify(value);
}

export const equal = (a: Json, b: Json): boolean => key(a) === key(b);

/** digits × 10^exponent; without zeros at the end of the digits. */
interface Decimal {
  digits: bigint;
  exponent: number;
}

function decimal(n: Num): Decimal {
  const [mantissa = "", exponent = "0"] = n.text.toLowerCase().split("e");
  const [whole = "", fraction = ""] = mantissa.split(".");
  const all = whole + fraction;
  const digits = all.replace(/0+$/, "");
  if (!/[1-9]/.test(digits)) return { digits: 0n, exponent: 0 };
  const given = Math.max(-1e9, Math.min(1e9, Number(exponent)));
  return { digits: BigInt(digits), exponent: given - fraction.length + all.length - digits.length };
}

const magnitude = (d: Decimal): number => String(d.digits).replace("-", "").length + d.exponent;

/** compare is negative where a is less than b, and 0 where both are worth the same. */
export function compare(a: Num, b: Num): number {
  const x = decimal(a);
  const y = decimal(b);
  const sign = (d: Decimal) => (d.digits > 0n ? 1 : d.digits < 0n ? -1 : 0);
  const s = sign(x);
  if (s !== sign(y)) return s - sign(y);
  if (s === 0) return 0;
  const byMagnitude = magnitude(x) - magnitude(y);
  if (byMagnitude) return s * byMagnitude;
  const [p, q] = aligned(x, y);
  return p < q ? -1 : p > q ? 1 : 0;
}

function aligned(x: Decimal, y: Decimal): [bigint, bigint] {
  const least = Math.min(x.exponent, y.exponent);
  const scale = (d: Decimal) => d.digits * 10n ** BigInt(d.exponent - least);
  return [scale(x), scale(y)];
}

export const isInteger = (n: Num): boolean => decimal(n).exponent >= 0;

/** multiple reports whether n is a whole number of steps. */
export function multiple(n: Num, step: Num): boolean {
  const x = decimal(n);
  const y = decimal(step);
  if (!x.digits || !y.digits) return !x.digits;
  // What is longer than any number that someone means would take its time.
  if (Math.abs(x.exponent - y.exponent) > 2000) return x.exponent > y.exponent;
  const [p, q] = aligned(x, y);
  return p % q === 0n;
}

/** What a value is, in the words of JSON Schema. */
export function typeOf(value: Json): string {
  if (value === null) return "null";
  if (value instanceof Num) return isInteger(value) ? "integer" : "number";
  if (isList(value)) return "array";
  return isObj(value) ? "object" : typeof value;
}

/** step is a JSON Pointer one step further. */
export const step = (path: string, name: string | number): string => `${path}/${String(name).replace(/~/g, "~0").replace(/\//g, "~1")}`;

/** pathOf are the names and indexes in a JSON Pointer. */
export const pathOf = (pointer: string): string[] => pointer.split("/").slice(1).map((name) => name.replace(/~1/g, "/").replace(/~0/g, "~"));

/** at is the value that a JSON Pointer leads to. */
export function at(value: Json | undefined, pointer: string): Json | undefined {
  for (const name of pathOf(pointer)) {
    value = isObj(value) ? value.get(name) : isList(value) && /^\d+$/.test(name) ? value[Number(name)] : undefined;
  }
  return value;
}
