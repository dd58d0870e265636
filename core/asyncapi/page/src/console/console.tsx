import "../form/form.css";
import "./console.css";
import { useEffect, useState } from "preact/hooks";
import type { Channel, Document, Message } from "../document";
import { from, write } from "../form/json";
import { benchOf, useListened } from "./bench";
import { Composer, type Asked } from "./composer";
import { Connect } from "./connect";
import { LogView } from "./logview";
import { Topics } from "./topics";

export interface ConsoleProps {
  channel: Channel;
  document: Document;
  /** What the reader asked to compose, if anything: a message, and the whole frame to begin with. Another object each time that they ask. */
  compose?: { readonly message: Message; readonly payload: unknown } | undefined;
}

/** Console is where a reader connects to a channel, and sends and watches its frames. The topics of a channel share its connection. */
export function Console({ channel, document, compose }: ConsoleProps) {
  const bench = benchOf(document, channel);
  const { session } = bench;
  const [asked, ask] = useState<Asked>();
  useListened(session);
  useEffect(() => {
    if (compose) ask({ text: write(from(compose.payload)), message: compose.message });
  }, [compose]);
  return (
    <div class="console">
      <div class="work">
        <Connect bench={bench} />
        {session.state === "open" && <Topics bench={bench} channel={channel} />}
        <Composer bench={bench} channel={channel} asked={asked} />
      </div>
      <LogView
        log={session.log}
        open={session.state === "open"}
        again={(entry) => session.again(entry)}
        edit={({ text }) => ask({ text })}
      />
    </div>
  );
}
