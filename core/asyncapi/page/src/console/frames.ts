import type { Channel, Document, Message } from "../document";
import { bodyOf, bodySchema } from "../form/model";
import { at, equal, from, isList, isObj, Num, parse, type Json, type Obj } from "../form/json";
import { validate, type Violation } from "../form/validate";
import { view } from "../schema/view";
import { patternOf } from "./address";

/** Frame is what a text on the wire says, as far as it can be read. */
export interface Frame {
  readonly value: Json | undefined;
  readonly action: string;
  readonly topic: string;
  readonly ref: string;
}

/** What is longer isn't read: it would hold up the page. */
const longest = 512 << 10;

/** Frames knows the messages of one address: those of its channel and of the topics on it. */
export class Frames {
  /** The channel that connections belong to. */
  readonly channel: Channel;
  readonly channels: readonly Channel[];
  /** The topics that are subscribed to by a frame. */
  readonly topics: readonly Channel[];
  readonly #patterns: ReadonlyMap<Channel, RegExp>;
  readonly #actionNames: readonly string[];

  constructor(
    private readonly document: Document,
    channel: Channel,
  ) {
    this.channel = channel.consumer ?? channel;
    this.topics = this.channel.topics.filter((topic) => topic !== this.channel);
    this.channels = [this.channel, ...this.topics];
    this.#patterns = new Map(this.channels.flatMap((one) => (one.topic ? [[one, patternOf(one.topic.pattern)] as const] : [])));
    const names = this.channels.flatMap((one) => one.messages.map((message) => message.discriminator?.name ?? "action"));
    this.#actionNames = [...new Set([...names, "action"])];
  }

  read(text: string): Frame {
    let value: Json | undefined;
    if (text.length <= longest) {
      try {
        value = parse(text);
      } catch {
        // Then it is a text, and nothing more is known of it.
      }
    }
    const field = (name: string) => {
      const found = isObj(value) ? value.get(name) : undefined;
      return typeof found === "string" ? found : "";
    };
    return { value, action: this.#actionNames.map(field).find((name) => name) ?? "", topic: field("topic"), ref: field("ref") };
  }

  /** The channels that a frame of that topic can belong to. */
  #channelsOf(topic: string): readonly Channel[] {
    if (!topic) return [this.channel];
    const fitting = this.channels.filter((channel) => this.#patterns.get(channel)?.test(topic));
    return fitting.length ? fitting : this.channels.filter((channel) => channel.topic);
  }

  #candidates(frame: Frame, which: (message: Message) => boolean): Message[] {
    const { value } = frame;
    return this.#channelsOf(frame.topic)
      .flatMap((channel) => channel.messages)
      .filter((message) => {
        const { discriminator } = message;
        return (
          which(message) &&
          (!discriminator ||
            (isObj(value) && value.has(discriminator.name) && equal(value.get(discriminator.name)!, from(discriminator.value))))
        );
      });
  }

  /** oddity says what is wrong with a frame that the server sent, according to the document. */
  oddity(frame: Frame, text: string): string | undefined {
    if (frame.value === undefined) return text.length > longest ? "too large to be checked" : "not JSON";
    const candidates = this.#candidates(frame, (message) => message.sent);
    const found = candidates.map((message) => validate(message.payload, frame.value!, this.document.resolve));
    if (found.some((violations) => !violations.length)) return undefined;
    const [violation] = found[0] ?? [];
    return violation ? `not as the document says: ${violation.path} ${violation.message}` : "not in the document";
  }

  /** messageOf is the message that a frame is which a client sends. */
  messageOf(frame: Frame): Message | undefined {
    return this.#candidates(frame, (message) => message.received)[0];
  }

  /** topicOf is the channel of a topic's name, among those that are subscribed to. */
  topicOf(name: string): Channel | undefined {
    return this.topics.find((channel) => this.#patterns.get(channel)?.test(name));
  }

  /** sendable are the messages that clients may send, the framework's last. */
  sendable(): Message[] {
    return this.channels
      .flatMap((channel) => channel.messages.filter((message) => message.received))
      .sort((a, b) => Number(a.framework) - Number(b.framework));
  }
}

/** Envelope is what the console fills in. */
export interface Envelope {
  readonly ref: string;
  readonly topic: string;
}

/** compose makes a frame of a form's members. What the message's schema doesn't have is left out. */
export function compose(document: Document, message: Message, body: Obj, { ref, topic }: Envelope): Obj {
  const has = new Set(view(document, message.payload).properties.map((property) => property.name));
  const frame = new Map<string, Json>();
  if (topic && has.has("topic")) {
    if (has.has("version")) frame.set("version", new Num("1"));
    frame.set("topic", topic);
  }
  if (ref && has.has("ref")) frame.set("ref", ref);
  if (message.discriminator) frame.set(message.discriminator.name, from(message.discriminator.value));
  for (const [name, value] of body) frame.set(name, value);
  return frame;
}

/** bodyFor is the schema of what a form of a message is about. */
export const bodyFor = (document: Document, message: Message) =>
  bodySchema(document, message.payload, message.discriminator?.name ?? "action");

/** bodyNames are the names of what a form of a message has. */
export const bodyNames = (document: Document, message: Message): string[] =>
  view(document, bodyFor(document, message)).properties.map(({ name }) => name);

/** exampleOf is what a form begins with where the message has an example. */
export function exampleOf(document: Document, message: Message): Obj | undefined {
  const [example] = message.examples;
  return example && bodyOf(from(example.payload), bodyFor(document, message));
}

/** Failure is what an error frame says. */
export interface Failure {
  readonly ref: string;
  readonly reason: string;
  readonly detail: string;
  readonly violations: readonly Violation[];
}

/** failureOf reads an error frame; undefined where it is none. */
export function failureOf({ value, action, ref }: Frame): Failure | undefined {
  if (action !== "error" || value === undefined) return undefined;
  const text = (of: Json | undefined, pointer: string) => {
    const found = at(of, pointer);
    return typeof found === "string" ? found : "";
  };
  const errors = at(value, "/payload/errors");
  const violations = isList(errors)
    ? errors.map((error) => ({ path: text(error, "/path"), message: text(error, "/message") }))
    : [];
  return { ref, reason: text(value, "/payload/reason"), detail: text(value, "/payload/detail"), violations };
}

/** problemsOf puts violations at their paths. */
export function problemsOf(violations: readonly Violation[]): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const { path, message } of violations) found.set(path, [...new Set(found.get(path)).add(message)]);
  return found;
}
