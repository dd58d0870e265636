import { useEffect, useState } from "preact/hooks";
import type { Channel } from "../document";
import { Fields, focusSoon } from "../form/field";
import type { Obj } from "../form/json";
import { without, withMember } from "../form/model";
import { Copy } from "../ui/copy";
import { ways } from "./address";
import { useKept, useListened, type Bench } from "./bench";
import { plan, serverOf, settingsFor, settingsSchema } from "./plan";
import type { Session } from "./session";

const states = { closed: "Not connected", connecting: "Connecting…", open: "Connected", closing: "Closing…" };

/** What the paths of settings begin with, among those of other forms. */
const prefix = "settings";

/** Connect is where a connection is made and ended. */
export function Connect({ bench }: { bench: Bench }) {
  const { document, session } = bench;
  const { channel } = session.frames;
  const [tried, setTried] = useState(false);
  const keep = useKept(bench);
  useListened(session);
  usePolicy(bench);
  const { url, shown, protocols, problems } = plan(document, channel, bench.settings, location);
  const server = serverOf(channel, bench.settings, location);
  const closed = session.state === "closed";
  const note = credentialsNote(channel);
  const set = (settings: Obj) => {
    const next = serverOf(channel, settings, location);
    // Each server has variables of its own.
    const variables = settingsFor(document, channel, next).get("variables");
    const rest = without(settings, "variables");
    keep({ settings: next === server ? settings : variables ? withMember(rest, "variables", variables) : rest });
  };
  const connect = () => {
    const [first] = problems.keys();
    setTried(first !== undefined);
    if (first !== undefined) focusSoon(prefix + first);
    else session.connect(url, protocols, shown);
  };
  return (
    <form
      class="connect"
      onSubmit={(e) => {
        e.preventDefault();
        if (closed) connect();
      }}
    >
      <Bar session={session} url={url} shown={shown} />
      {closed && session.ending && <p class="failure">{session.ending}</p>}
      {closed && (
        <Fields
          document={document}
          problems={new Map(tried ? [...problems].map(([path, found]) => [prefix + path, found]) : [])}
          short
          name="Connection"
          schema={settingsSchema(channel, server)}
          value={bench.settings}
          path={prefix}
          on={set}
        />
      )}
      {closed && note && <p class="hint">{note}</p>}
    </form>
  );
}

/** Bar shows the state of a connection and its URL, and has the button that changes it. */
function Bar({ session, url, shown }: { session: Session; url: string; shown: string }) {
  const { state } = session;
  return (
    <div class="bar">
      <span class={`live ${state}`} role="status">
        {states[state]}
      </span>
      <code class="url" title={shown}>
        {shown}
      </code>
      <Copy what="the URL" text={() => url} />
      {state === "closed" ? (
        <button class="primary">Connect</button>
      ) : (
        <button type="button" disabled={state === "closing"} onClick={() => session.disconnect()}>
          Disconnect
        </button>
      )}
    </div>
  );
}

/** usePolicy says so where the page's own policy is what keeps it from connecting: the browser only tells its console. */
function usePolicy({ session }: Bench): void {
  useEffect(() => {
    const listener = ({ effectiveDirective, blockedURI }: SecurityPolicyViolationEvent) => {
      if (effectiveDirective === "connect-src" && blockedURI.startsWith("ws"))
        session.refused("The page's policy allows only its own host and the document's servers");
    };
    addEventListener("securitypolicyviolation", listener);
    return () => removeEventListener("securitypolicyviolation", listener);
  }, [session]);
}

/** credentialsNote says what a browser can't do of what the channel asks. */
function credentialsNote(channel: Channel): string {
  const { security, securityOptional } = channel;
  if (!security.length || ways(channel).length) return "";
  const cookie = security.some((scheme) => scheme.in === "cookie");
  const note = cookie
    ? "It takes a cookie: log in at that host first."
    : "It takes a header, which browsers can't set here.";
  return securityOptional ? `${note} Or connect without.` : note;
}
