import type { Channel, Document } from "../document";
import { at, isObj, Num, write, type Json, type Obj } from "../form/json";
import { meaning } from "./close";
import { failureOf, Frames, type Failure, type Frame } from "./frames";
import { Log, sizeOf, type Entry } from "./log";

export type State = "closed" | "connecting" | "open" | "closing";

/** Subscription is to a topic; it is asked for until the server confirms it. */
export interface Subscription {
  readonly topic: string;
  readonly channel: Channel;
  readonly confirmed: boolean;
  /** Where it is in a topic with history. */
  readonly epoch: string;
}

/** Connection is what a session needs of a WebSocket. */
export interface Connection {
  readonly protocol: string;
  onopen: ((event: never) => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number; reason: string }) => void) | null;
  send(text: string): void;
  close(code?: number): void;
}

export type Dial = (url: string, protocols: string[]) => Connection;

/** Clock tells milliseconds since 1970, and those of a clock that nobody sets. */
export interface Clock {
  now(): number;
  ticks(): number;
}

/** How many requests wait for an answer, at the most. */
const maxWaiting = 1000;

/** Session is the connection to an address, and what came of it. It is there also without a connection, and keeps its log. */
export class Session {
  readonly log = new Log();
  readonly frames: Frames;
  state: State = "closed";
  protocol = "";
  /** Why there is no connection, in a sentence. */
  ending = "";
  subscriptions: ReadonlyMap<string, Subscription> = new Map();
  /** The last error that the server sent. */
  failure: Failure | undefined;
  #connection: Connection | undefined;
  #refs = 0;
  readonly #waiting = new Map<string, { readonly id: number; readonly at: number }>();
  readonly #positions = new Map<string, { epoch: string; seq: string }>();
  readonly #listeners = new Set<() => void>();

  readonly #dial: Dial;
  readonly #clock: Clock;

  constructor(document: Document, channel: Channel, dial: Dial, clock: Clock) {
    this.#dial = dial;
    this.#clock = clock;
    this.frames = new Frames(document, channel);
  }

  /** listen is told of all but the log. */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }

  /** connect opens a connection. The log has shown in place of the URL, which can have a token. */
  connect(url: string, protocols: readonly string[], shown = url): void {
    if (this.#connection) return;
    this.ending = "";
    this.failure = undefined;
    this.#note(`Connecting to ${shown}`);
    let connection: Connection;
    try {
      connection = this.#dial(url, [...new Set(protocols)]);
    } catch (error) {
      this.#end(`The browser refused to connect: ${(error as Error).message}`);
      return;
    }
    this.#connection = connection;
    this.state = "connecting";
    connection.onopen = () => {
      this.state = "open";
      this.protocol = connection.protocol;
      this.#note(`Connected${protocolNote(connection.protocol)}`);
      this.#changed();
    };
    connection.onmessage = ({ data }) => this.#receive(data);
    connection.onclose = ({ code, reason }) => {
      if (this.#connection === connection) this.#end(`Closed with ${code}${reason && ` “${reason}”`}: ${meaning(code)}`);
    };
    this.#changed();
  }

  #end(ending: string): void {
    this.#connection = undefined;
    this.state = "closed";
    this.protocol = "";
    this.subscriptions = new Map();
    this.#waiting.clear();
    this.ending = ending;
    this.#note(ending);
    this.#changed();
  }

  /** refused adds why the browser didn't let the connection be. */
  refused(reason: string): void {
    if (this.#connection) this.#end(reason);
    else if (this.ending !== reason) {
      this.ending = reason;
      this.#note(reason);
      this.#changed();
    }
  }

  disconnect(): void {
    if (!this.#connection || this.state === "closing") return;
    this.state = "closing";
    this.#connection.close(1000);
    this.#changed();
  }

  #note(text: string): void {
    this.log.add({ time: this.#clock.now(), direction: "system", text, size: 0, action: "", topic: "", ref: "" });
  }

  /** The ref that the next request gets, which none has had. */
  get nextRef(): string {
    return String(this.#refs + 1);
  }

  /** The ref of the last request; "" before the first. */
  lastRef = "";

  /** send sends a text as it is, and remembers who asks. It does nothing without a connection. */
  send(text: string): Entry | undefined {
    if (this.state !== "open" || !this.#connection) return undefined;
    const { action, topic, ref } = this.frames.read(text);
    if (/^\d{1,15}$/.test(ref)) this.#refs = Math.max(this.#refs, Number(ref));
    this.failure = undefined;
    this.#connection.send(text);
    const entry = this.log.add({ time: this.#clock.now(), direction: "sent", text, size: sizeOf(text), action, topic, ref });
    if (ref) {
      this.lastRef = ref;
      this.#waiting.delete(ref);
      this.#waiting.set(ref, { id: entry.id, at: this.#clock.ticks() });
      if (this.#waiting.size > maxWaiting) this.#waiting.delete(this.#waiting.keys().next().value!);
    }
    return entry;
  }

  #receive(data: unknown): void {
    const binary = typeof data !== "string";
    const text = binary ? "a binary message, which isn't shown" : data;
    const frame = binary ? { value: undefined, action: "", topic: "", ref: "" } : this.frames.read(text);
    const asked = this.#waiting.get(frame.ref);
    const note = binary ? "binary" : this.frames.oddity(frame, text);
    this.log.add({
      time: this.#clock.now(),
      direction: "received",
      text,
      size: binary ? byteLength(data) : sizeOf(text),
      action: frame.action,
      topic: frame.topic,
      ref: frame.ref,
      ...(note && { note }),
      ...(asked && { answers: { id: asked.id, after: this.#clock.ticks() - asked.at } }),
    });
    this.#follow(frame);
  }

  /** follow sees to what a frame changes: subscriptions, positions, errors. */
  #follow(frame: Frame): void {
    const { value, action, topic } = frame;
    const seq = at(value, "/seq") ?? at(value, "/payload/seq");
    const epoch = at(value, "/payload/epoch");
    const channel = topic ? this.frames.topicOf(topic) : undefined;
    if (channel && action === "subscribed") {
      this.#put({ topic, channel, confirmed: true, epoch: typeof epoch === "string" ? epoch : "" });
      if (typeof epoch === "string" && seq instanceof Num) this.#positions.set(topic, { epoch, seq: seq.text });
    } else if (channel && action === "unsubscribed") {
      this.#drop(topic);
    } else if (channel && seq instanceof Num && isObj(value) && value.has("seq")) {
      const position = this.#positions.get(topic);
      if (position) position.seq = seq.text;
    }
    const failure = failureOf(frame);
    if (!failure) return;
    this.failure = failure;
    if (this.subscriptions.get(topic)?.confirmed === false) this.#drop(topic);
    this.#changed();
  }

  #put(subscription: Subscription): void {
    this.subscriptions = new Map(this.subscriptions).set(subscription.topic, subscription);
    this.#changed();
  }

  #drop(topic: string): void {
    this.subscriptions = new Map([...this.subscriptions].filter(([name]) => name !== topic));
    this.#changed();
  }

  /** positionOf is where the log has got to in a topic with history; undefined where it was never subscribed to. */
  positionOf(topic: string): { readonly epoch: string; readonly seq: string } | undefined {
    return this.#positions.get(topic);
  }

  /** subscribe asks for a topic, from a position on where recover is set and one is known. */
  subscribe(channel: Channel, topic: string, recover: boolean): void {
    const position = recover ? this.#positions.get(topic) : undefined;
    const payload = new Map<string, Json>(
      position && [
        [
          "recover",
          new Map<string, Json>([
            ["seq", new Num(position.seq)],
            ["epoch", position.epoch],
          ]),
        ],
      ],
    );
    if (!this.#ask(channel, topic, "subscribe", position && payload)) return;
    this.#put({ topic, channel, confirmed: false, epoch: position?.epoch ?? "" });
  }

  unsubscribe({ channel, topic }: Subscription): void {
    this.#ask(channel, topic, "unsubscribe", undefined);
  }

  #ask(channel: Channel, topic: string, action: string, payload: Obj | undefined): boolean {
    const name = channel.messages.find((message) => message.received)?.discriminator?.name ?? "action";
    const frame = new Map<string, Json>([
      ["topic", topic],
      ["ref", this.nextRef],
      [name, action],
    ]);
    if (payload) frame.set("payload", payload);
    return this.send(write(frame)) !== undefined;
  }

  /** again sends what a line of the log has once more, with a ref of its own. */
  again(entry: Entry): void {
    const { value } = this.frames.read(entry.text);
    this.send(isObj(value) && value.has("ref") ? write(new Map([...value, ["ref", this.nextRef]])) : entry.text);
  }
}

/** A token in a subprotocol isn't shown. */
const protocolNote = (protocol: string): string =>
  protocol && `, with the subprotocol ${protocol.startsWith("bearer.") ? "bearer.…" : protocol}`;

function byteLength(data: unknown): number {
  if (data instanceof ArrayBuffer) return data.byteLength;
  return typeof Blob !== "undefined" && data instanceof Blob ? data.size : 0;
}
