import type { Document, Message, Schema } from "../document";
import { view } from "../schema/view";
import { link, schemaLink } from "./route";

/** Hit is something that a search found. */
export interface Hit {
  readonly kind: "channel" | "topic" | "message" | "schema";
  readonly title: string;
  /** Where it is, or what it is about. */
  readonly where: string;
  /** The part of another text that has a word of the query; "" where the title or the place have them all. */
  readonly snippet: string;
  readonly href: string;
}

interface Entry {
  readonly kind: Hit["kind"];
  readonly title: string;
  readonly where: string;
  readonly href: string;
  /** Each with what a word is worth that is found in it. */
  readonly fields: readonly { readonly text: string; readonly lower: string; readonly worth: number }[];
}

/** How deep the names of members are looked for. */
const deepest = 4;
/** How many hits are shown. */
export const most = 60;

/** Index finds channels, messages and schemas by words. */
export class Index {
  readonly #entries: Entry[] = [];
  readonly #document: Document;

  constructor(document: Document) {
    this.#document = document;
    for (const channel of document.channels) {
      const name = channel.title || channel.id;
      this.#entries.push({
        kind: channel.topic ? "topic" : "channel",
        title: name,
        where: channel.topic?.pattern || channel.address,
        href: link(channel.id),
        fields: fields([name, 10], [channel.id, 8], [channel.topic?.pattern, 6], [channel.address, 6], [tagged(channel), 4], [channel.summary, 3], [channel.description, 2]),
      });
      for (const message of channel.messages) {
        this.#entries.push({
          kind: "message",
          title: message.name,
          where: name,
          href: link(channel.id, message.id),
          fields: fields([message.name, message.framework ? 4 : 9], [message.title, 6], [tagged(message), 4], [message.summary, 3], [message.description, 2], [this.#members(this.#within(message)), 2], [name, 1]),
        });
      }
    }
    for (const [name, schema] of document.schemas) {
      this.#entries.push({
        kind: "schema",
        title: name,
        where: "schema",
        href: schemaLink(name),
        fields: fields([name, 5], [view(document, schema).description, 2], [this.#members(schema), 2]),
      });
    }
  }

  /** search finds what has every word of a query, the best first. */
  search(query: string): Hit[] {
    const words = terms(query);
    if (!words.length) return [];
    const found: { entry: Entry; score: number }[] = [];
    for (const entry of this.#entries) {
      const score = worth(entry, words);
      if (score > 0) found.push({ entry, score });
    }
    found.sort((a, b) => b.score - a.score);
    return found.slice(0, most).map(({ entry }) => ({ ...entry, snippet: snippet(entry, words) }));
  }

  /** What is in a message: its envelope is that of all. */
  #within(message: Message): Schema {
    const payload = view(this.#document, message.payload).properties.find((property) => property.name === "payload");
    return payload?.schema ?? message.payload;
  }

  /** The names of the members of a schema, and what is said of them. */
  #members(schema: Schema, seen = new Set<string>(), depth = 0): string {
    const shown = view(this.#document, schema);
    if (depth > deepest || (shown.name && seen.has(shown.name))) return "";
    if (shown.name) seen.add(shown.name);
    const words: string[] = [];
    for (const property of shown.properties) {
      const inner = view(this.#document, property.schema);
      words.push(property.name, inner.description, this.#members(property.schema, seen, depth + 1));
    }
    for (const inner of [...shown.alternatives, shown.items, shown.extra]) {
      if (typeof inner === "object") words.push(this.#members(inner, seen, depth + 1));
    }
    return words.filter((word) => word).join(" · ");
  }
}

function tagged(value: { readonly tags: readonly { readonly name: string }[] }): string {
  return value.tags.map((tag) => tag.name).join(" ");
}

function fields(...given: [string | undefined, number][]): Entry["fields"] {
  return given.flatMap(([text, worth]) => (text ? [{ text, lower: text.toLowerCase(), worth }] : []));
}

/** terms are the words of a query, in lower case. */
export function terms(query: string): string[] {
  return query.toLowerCase().split(/\s+/).filter((word) => word);
}

function worth(entry: Entry, words: readonly string[]): number {
  let sum = 0;
  for (const word of words) {
    let best = 0;
    for (const field of entry.fields) {
      const { lower } = field;
      const at = lower.indexOf(word);
      if (at < 0) continue;
      const begins = at === 0 || /[^\p{L}\p{N}]/u.test(lower[at - 1] ?? "");
      best = Math.max(best, field.worth * (lower === word ? 4 : begins ? 2 : 1));
    }
    if (!best) return 0;
    sum += best;
  }
  return sum;
}

/** How much of a text is shown around a word. */
const around = 30;

function snippet(entry: Entry, words: readonly string[]): string {
  const seen = (entry.title + "\n" + entry.where).toLowerCase();
  const missing = words.find((word) => !seen.includes(word));
  if (missing === undefined) return "";
  for (const { text, lower } of entry.fields) {
    const at = lower.indexOf(missing);
    if (at < 0) continue;
    const start = Math.max(0, at - around);
    const end = at + missing.length + around;
    return (start ? "…" : "") + text.slice(start, end).replace(/\s+/g, " ") + (end < text.length ? "…" : "");
  }
  return "";
}

/** marked cuts a text where words of a query are: the odd parts are those. */
export function marked(text: string, words: readonly string[]): string[] {
  if (!words.length) return [text];
  const escaped = [...words].sort((a, b) => b.length - a.length).map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return text.split(new RegExp(`(${escaped.join("|")})`, "gi"));
}
