import { useEffect, useState } from "preact/hooks";
import type { Channel, Document, Message } from "../document";
import type { Obj } from "../form/json";
import { serverOf, settingsFor } from "./plan";
import { emptyObj } from "./address";
import { Session, type Connection } from "./session";

/** Bench is what the console keeps of an address while the reader looks elsewhere. */
export interface Bench {
  readonly document: Document;
  readonly session: Session;
  /** Of the connection. A token among them is kept for as long as the page is open, and nowhere else. */
  settings: Obj;
  readonly draft: Draft;
}

/** Draft is what is being composed. */
export interface Draft {
  message: Message | undefined;
  bodies: ReadonlyMap<Message, Obj>;
  /** The topics of messages, by channels. */
  topics: ReadonlyMap<Channel, string>;
  /** In place of the next one. */
  ref: string | undefined;
  /** The whole frame, where it was written by hand. */
  text: string | undefined;
}

const benches = new WeakMap<Document, Map<Channel, Bench>>();

/** benchOf is the one of a channel's address. */
export function benchOf(document: Document, channel: Channel): Bench {
  const known = benches.get(document) ?? new Map<Channel, Bench>();
  benches.set(document, known);
  const owner = channel.consumer ?? channel;
  const bench = known.get(owner) ?? {
    document,
    session: new Session(document, owner, dial, { now: Date.now, ticks: () => performance.now() }),
    settings: settingsFor(document, owner, serverOf(owner, emptyObj, location)),
    draft: { message: undefined, bodies: new Map(), topics: new Map(), ref: undefined, text: undefined },
  };
  known.set(owner, bench);
  return bench;
}

const dial = (url: string, protocols: string[]): Connection => {
  const socket = new WebSocket(url, protocols);
  socket.binaryType = "arraybuffer";
  return socket as Connection;
};

/** useListened renders again when a store has changed, but once for each frame of the screen. */
export function useListened(store: { listen(listener: () => void): () => void }): void {
  const [, again] = useState(0);
  useEffect(() => {
    let frame = 0;
    const changed = () => {
      frame ||= requestAnimationFrame(() => {
        frame = 0;
        again((n) => n + 1);
      });
    };
    const stop = store.listen(changed);
    changed(); // what came since it was rendered
    return () => {
      stop();
      cancelAnimationFrame(frame);
    };
  }, [store]);
}

/** useKept renders again when a change is made to an object that outlives the component. */
export function useKept<T>(kept: T): (change: Partial<T>) => void {
  const [, again] = useState(0);
  return (change) => {
    Object.assign(kept as object, change);
    again((n) => n + 1);
  };
}
