/** A number as it is written: a 64-bit integer doesn't fit into JavaScript's. */
export class Num {
  constructor(readonly text: string) {}
}

/** A JSON value. Objects are maps, so that no name means anything to JavaScript. */
export type Json = null | boolean | string | Num | readonly Json[] | Obj;
export type Obj = ReadonlyMap<string, Json>;

export const isObj = (value: Json | undefined): value is Obj => value instanceof Map;
export const isList = (value: Json | undefined): value is readonly Json[] => Array.isArray(value);

const maxDepth = 512;
const number = String.raw`-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?`;
const string = String.raw`"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*"`;
const tokens = new RegExp(String.raw`[ \t\n\r]*(?:([[\]{}:,]|null|true|false|$)|(${string})|(${number}))`, "y");
const literals: Readonly<Record<string, Json>> = { null: null, true: true, false: false };
const numbers = new RegExp(`^${number}$`);

/** Whether a text is a number of JSON. */
export const isNumber = (text: string): boolean => numbers.test(text);

/** parse reads JSON, the way the server does: a name that is there twice is refused. An error's message has line and column. */
export function parse(text: string): Json {
  let found: readonly (string | undefined)[] = [];
  let [start, end] = [0, 0];
  const fail = (message: string): never => {
    const lines = text.slice(0, start + /^\s*/.exec(text.slice(start))![0].length).split("\n");
    throw new SyntaxError(`line ${lines.length}, column ${lines.at(-1)!.length + 1}: ${message}`);
  };
  const next = () => {
    start = tokens.lastIndex = end;
    found = tokens.exec(text) ?? fail("this is not JSON");
    end = tokens.lastIndex;
  };
  const takes = (mark: string) => found[1] === mark && (next(), true);
  const wants = (mark: string) => takes(mark) || fail(`${mark} was expected`);
  const name = (members: Obj) => {
    if (!found[2]) fail("a name in quotes was expected");
    const name = JSON.parse(found[2]!) as string;
    if (members.has(name)) fail(`the name ${found[2]} is there twice`);
    next();
    wants(":");
    return name;
  };
  const value = (depth: number): Json => {
    if (depth > maxDepth) fail("it is nested too deep");
    const [, mark, string, number] = found;
    if (takes("{")) {
      const members = new Map<string, Json>();
      if (takes("}")) return members;
      do members.set(name(members), value(depth + 1));
      while (takes(","));
      wants("}");
      return members;
    }
    if (takes("[")) {
      const items: Json[] = [];
      if (takes("]")) return items;
      do items.push(value(depth + 1));
      while (takes(","));
      wants("]");
      return items;
    }
    const scalar = string ? (JSON.parse(string) as string) : number ? new Num(number) : literals[mark!];
    if (scalar === undefined) fail("a value was expected");
    next();
    return scalar!;
  };
  next();
  const whole = value(0);
  if (found[1] !== "") fail("there is more after the value");
  return whole;
}

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

/** plain is a value without the quotes of a text. */
export const plain = (value: Json): string => (typeof value === "string" ? value : write(value));

/** from makes a value of what JSON.parse gave, such as the default in a schema. */
export function from(value: unknown): Json {
  if (typeof value === "number") return new Num(String(value));
  if (Array.isArray(value)) return value.map(from);
  if (value && typeof value === "object") return new Map(Object.entries(value).map(([name, item]) => [name, from(item)]));
  return typeof value === "string" || typeof value === "boolean" ? value : null;
}

const whole = /^-?\d+$/;

/** worth is what a number is worth: exactly where it is written without a fraction. */
const worth = ({ text }: Num): bigint | number => {
  const number = Number(text);
  return whole.test(text) ? BigInt(text) : Number.isSafeInteger(number) ? BigInt(number) : number;
};

/** key is a text that two values share that are equal: numbers by what they are worth, objects whatever their order. */
export function key(value: Json): string {
  if (value instanceof Num) return String(worth(value));
  if (isList(value)) return `[${value.map(key).join()}]`;
  if (isObj(value))
    return `{${[...value]
      .map(([name, item]) => JSON.stringify(name) + key(item))
      .sort()
      .join()}}`;
  return JSON.stringify(value);
}

export const equal = (a: Json, b: Json): boolean => key(a) === key(b);

/** compare is negative where a is less than b, and 0 where both are worth the same. */
export function compare(a: Num, b: Num): number {
  const [x, y] = [worth(a), worth(b)];
  return x < y ? -1 : x > y ? 1 : 0;
}

export function isInteger(n: Num): boolean {
  const value = worth(n);
  return typeof value === "bigint" || Number.isInteger(value);
}

/** multiple reports whether n is a whole number of steps. */
export function multiple(n: Num, step: Num): boolean {
  const [x, y] = [worth(n), worth(step)];
  if (typeof x === "bigint" && typeof y === "bigint") return !y || x % y === 0n;
  const steps = Number(x) / Number(y);
  return Math.abs(steps - Math.round(steps)) <= Math.abs(steps) * 1e-15;
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
export const pathOf = (pointer: string): string[] =>
  pointer
    .split("/")
    .slice(1)
    .map((name) => name.replace(/~1/g, "/").replace(/~0/g, "~"));

/** at is the value that a JSON Pointer leads to. */
export function at(value: Json | undefined, pointer: string): Json | undefined {
  for (const name of pathOf(pointer)) {
    value = isObj(value) ? value.get(name) : isList(value) && /^\d+$/.test(name) ? value[Number(name)] : undefined;
  }
  return value;
}
