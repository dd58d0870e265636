import { parse, write } from "../form/json";

export type Direction = "sent" | "received" | "system";

/** Entry is a line of the log. */
export interface Entry {
  readonly id: number;
  /** In milliseconds since 1970. */
  readonly time: number;
  readonly direction: Direction;
  /** The frame as it was on the wire, or what happened. */
  readonly text: string;
  /** In bytes. */
  readonly size: number;
  readonly action: string;
  readonly topic: string;
  readonly ref: string;
  /** What is odd about it, such as that the document doesn't have it. */
  readonly note?: string;
  /** The entry that it answers, and after how many milliseconds. */
  readonly answers?: { readonly id: number; readonly after: number };
}

const maxEntries = 2000;
const maxBytes = 32 << 20;

/** Log keeps the last frames. Who listens is told of every change, and asked to be slow about it. */
export class Log {
  #list: Entry[] = [];
  #bytes = 0;
  #next = 1;
  #frozen: { readonly entries: readonly Entry[]; readonly next: number } | undefined;
  readonly #listeners = new Set<() => void>();
  /** How many entries were let go, to make room. */
  dropped = 0;
  /** How many frames the server sent. */
  received = 0;

  constructor(
    private readonly capacity = maxEntries,
    private readonly maxSize = maxBytes,
  ) {}

  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }

  add(entry: Omit<Entry, "id">): Entry {
    const added = { ...entry, id: this.#next++ };
    this.#list.push(added);
    if (entry.direction === "received") this.received++;
    this.#bytes += added.size;
    while (this.#list.length > this.capacity || (this.#bytes > this.maxSize && this.#list.length > 1)) {
      this.#bytes -= this.#list.shift()!.size;
      this.dropped++;
    }
    this.#changed();
    return added;
  }

  /** The entries to show: while paused, those that were there before. */
  get entries(): readonly Entry[] {
    return this.#frozen?.entries ?? this.#list;
  }

  /** The last entry, also while paused. */
  get last(): Entry | undefined {
    return this.#list.at(-1);
  }

  get paused(): boolean {
    return this.#frozen !== undefined;
  }

  /** How many entries came since the log was paused. */
  get held(): number {
    return this.#frozen ? this.#next - this.#frozen.next : 0;
  }

  pause(paused: boolean): void {
    this.#frozen = paused ? { entries: [...this.#list], next: this.#next } : undefined;
    this.#changed();
  }

  clear(): void {
    this.#list = [];
    this.#bytes = 0;
    this.dropped = 0;
    if (this.#frozen) this.pause(true);
    else this.#changed();
  }
}

export interface Filter {
  readonly text: string;
  readonly action: string;
  /** Undefined: all. */
  readonly direction: Direction | undefined;
}

/** filtered are the entries that a filter lets through; text is looked for whatever its case. */
export function filtered(entries: readonly Entry[], { text, action, direction }: Filter): readonly Entry[] {
  if (!text && !action && !direction) return entries;
  const wanted = text.toLowerCase();
  return entries.filter(
    (entry) =>
      (!direction || entry.direction === direction) &&
      (!action || entry.action === action) &&
      (!wanted || entry.text.toLowerCase().includes(wanted)),
  );
}

/** jsonLines are entries as text, one on a line. A frame that is JSON stands there as such, with its numbers as they were. */
export function jsonLines(entries: readonly Entry[]): string {
  return entries
    .map((entry) => {
      const { time, direction, size, note, answers } = entry;
      const about = {
        time: new Date(time).toISOString(),
        direction,
        size,
        ...(note && { note }),
        ...(answers && { latency: answers.after }),
      };
      const [name, value] = direction === "system" ? ["event", JSON.stringify(entry.text)] : ["frame", oneLine(entry.text)];
      return `${JSON.stringify(about).slice(0, -1)},"${name}":${value}}\n`;
    })
    .join("");
}

function oneLine(text: string): string {
  try {
    return write(parse(text));
  } catch {
    return JSON.stringify(text);
  }
}

const encoder = new TextEncoder();

/** sizeOf is how many bytes a text takes on the wire. */
export const sizeOf = (text: string): number => encoder.encode(text).length;
