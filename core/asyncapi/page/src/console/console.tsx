import type { Channel, Document, Message } from "../document";

export interface ConsoleProps {
  channel: Channel;
  document: Document;
  /** What the reader asked to compose, if anything: another object each time that they ask. */
  compose?: { readonly message: Message; readonly payload?: unknown } | undefined;
}

/** Console is where a reader connects to a channel, and sends and watches its frames. */
export function Console(_: ConsoleProps) {
  return null;
}
