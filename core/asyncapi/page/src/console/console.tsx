import type { Channel, Document } from "../document";

export interface ConsoleProps {
  channel: Channel;
  document: Document;
}

/** Console is where a reader connects to a channel, and sends and watches its frames. */
export function Console(_: ConsoleProps) {
  return null;
}
