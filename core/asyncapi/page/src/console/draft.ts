import type { Document, Message, Schema } from "../document";
import { isObj, parse, write, type Json, type Obj } from "../form/json";
import { bodyOf, initial } from "../form/model";
import { validate, type Violation } from "../form/validate";
import { asObj, emptyObj, patternOf } from "./address";
import type { Draft } from "./bench";
import { bodyFor, compose, exampleOf, type Frames } from "./frames";
import type { Session } from "./session";

/** Composed is the frame that a draft makes, and what is wrong with it. */
export interface Composed {
  readonly text: string;
  readonly violations: readonly Violation[];
  /** Why the text isn't JSON; "" where it is. */
  readonly unreadable: string;
}

/** bodyOfDraft are the members that the form is for: as edited, else the message's example, else what its schema begins with. */
export const bodyOfDraft = (document: Document, draft: Draft, message: Message): Obj =>
  draft.bodies.get(message) ?? exampleOf(document, message) ?? asObj(initial(document, bodyFor(document, message)));

/** topicOfDraft is the topic that a message is for: as edited, else one that is subscribed to. */
export function topicOfDraft(draft: Draft, session: Session, { channel }: Message): string {
  if (!session.frames.topics.includes(channel)) return "";
  const subscribed = [...session.subscriptions.values()].find((one) => one.channel === channel);
  return draft.topics.get(channel) ?? subscribed?.topic ?? "";
}

/** refOfDraft is the request's own ref; to cancel a stream takes that of the stream. */
export const refOfDraft = (draft: Draft, session: Session, message: Message): string =>
  draft.ref ?? (message.name === "stream_cancel" && message.framework && session.lastRef ? session.lastRef : session.nextRef);

/** composed makes the frame of a draft. */
export function composed(document: Document, draft: Draft, session: Session, message: Message): Composed {
  if (draft.text !== undefined) return checked(document, message, draft.text);
  const topic = topicOfDraft(draft, session, message);
  const frame = compose(document, message, bodyOfDraft(document, draft, message), { ref: refOfDraft(draft, session, message), topic });
  return { text: write(frame), violations: violationsOf(document, message, frame), unreadable: "" };
}

function checked(document: Document, message: Message, text: string): Composed {
  try {
    return { text, violations: violationsOf(document, message, parse(text)), unreadable: "" };
  } catch (error) {
    return { text, violations: [], unreadable: (error as Error).message };
  }
}

function violationsOf(document: Document, message: Message, frame: Json): Violation[] {
  const found = validate(message.payload as Schema, frame, document.resolve);
  const { topic, consumer } = message.channel;
  const name = isObj(frame) ? frame.get("topic") : undefined;
  if (topic && consumer && typeof name === "string" && !patternOf(topic.pattern).test(name)) {
    found.push({ path: "/topic", message: `must be like ${topic.pattern}` });
  }
  return found;
}

/** Loaded is what a draft takes over of a frame. */
export interface Loaded {
  /** Undefined: the frame is none that is known, and stays a text. */
  readonly message: Message | undefined;
  readonly body: Obj;
  /** "" where it is none of the message's. */
  readonly topic: string;
}

/** loaded reads a frame to be sent again; of which message, is known or is found out. */
export function loaded(document: Document, frames: Frames, text: string, known?: Message): Loaded {
  const frame = frames.read(text);
  const message = frame.value === undefined ? undefined : (known ?? frames.messageOf(frame));
  const pattern = message?.channel.topic?.pattern;
  return {
    message,
    body: message && frame.value !== undefined ? bodyOf(frame.value, bodyFor(document, message)) : emptyObj,
    topic: pattern !== undefined && patternOf(pattern).test(frame.topic) ? frame.topic : "",
  };
}
