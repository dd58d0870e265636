// Readers of what came as JSON, about which nothing is known: a document is written
// by others. None of them throws.

export interface JsonObject {
  readonly [key: string]: unknown;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** member is object's own member of that name, never one that all objects have. */
export function member(value: unknown, key: string): unknown {
  return isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}

/** text is a string, or "" for anything else. */
export function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** texts are the members of these names that are strings, "" for any other. */
export function texts<Name extends string>(value: unknown, ...names: Name[]): Record<Name, string> {
  return Object.fromEntries(names.map((name) => [name, text(member(value, name))])) as Record<Name, string>;
}

export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

export function strings(value: unknown): string[] {
  return list(value).filter((item) => typeof item === "string");
}

export function members(value: unknown): [string, unknown][] {
  return isObject(value) ? Object.entries(value) : [];
}

/** record is an object of these members, whatever their names: also "__proto__". */
export function record(entries: Iterable<readonly [string, unknown]>): Record<string, unknown> {
  return Object.fromEntries(entries);
}
