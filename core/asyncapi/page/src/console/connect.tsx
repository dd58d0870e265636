import { useEffect, useState } from "preact/hooks";
import type { Channel } from "../document";
import { Fields, fieldId, focusSoon, type Problems } from "../form/field";
import { step, type Obj } from "../form/json";
import { initial } from "../form/model";
import { Copy } from "../ui/copy";
import { asObj, origin, parameterSchema, serversOf, ways, type Way } from "./address";
import { useKept, useListened, type Bench } from "./bench";
import { plan } from "./plan";

const states = { closed: "Not connected", connecting: "Connecting…", open: "Connected", closing: "Closing…" };

/** Connect is where a connection is made and ended. */
export function Connect({ bench }: { bench: Bench }) {
  const { document, session, settings } = bench;
  const { channel } = session.frames;
  const [tried, setTried] = useState(false);
  const change = useKept(settings);
  useListened(session);
  usePolicy(bench);
  const made = plan(document, channel, settings, location);
  const problems: Problems = tried ? made.problems : new Map();
  const closed = session.state === "closed";
  const connect = () => {
    const [first] = made.problems.keys();
    setTried(first !== undefined);
    if (first !== undefined) focusSoon(first);
    else session.connect(made.url, made.protocols, made.shown);
  };
  return (
    <form
      class="connect"
      onSubmit={(e) => {
        e.preventDefault();
        if (closed) connect();
      }}
    >
      <div class="bar">
        <span class={`state ${session.state}`} role="status">{states[session.state]}</span>
        <code class="url" title={made.shown}>{made.shown}</code>
        <Copy what="the URL" text={() => made.url} />
        {closed ? <button class="primary">Connect</button> : <button type="button" disabled={session.state === "closing"} onClick={() => session.disconnect()}>Disconnect</button>}
      </div>
      {closed && session.ending && <p class="failure">{session.ending}</p>}
      {closed ? (
        <div class="settings">
          <Servers bench={bench} change={change} problems={problems} />
          <Values title="Path" path="path" value={settings.path} problems={problems} schema={parameterSchema(channel.parameters)} bench={bench} on={(path) => change({ path })} />
          <Values title="Query" path="query" value={settings.query} problems={problems} schema={channel.query ?? {}} bench={bench} on={(query) => change({ query })} />
          <Subprotocols bench={bench} change={change} problems={problems} />
          <Token bench={bench} change={change} problems={problems} />
        </div>
      ) : (
        session.protocol && <p class="hint">Subprotocol: {session.protocol.startsWith("bearer.") ? "bearer.…" : session.protocol}</p>
      )}
    </form>
  );
}

/** usePolicy says so where the page's own policy is what keeps it from connecting: the browser only tells its console. */
function usePolicy({ session }: Bench): void {
  useEffect(() => {
    const listener = ({ effectiveDirective, blockedURI }: SecurityPolicyViolationEvent) => {
      if (effectiveDirective === "connect-src" && /^wss?:/.test(blockedURI)) {
        session.refused("This page's Content-Security-Policy doesn't allow it: only the page's own host and the servers of the document are.");
      }
    };
    addEventListener("securitypolicyviolation", listener);
    return () => removeEventListener("securitypolicyviolation", listener);
  }, [session]);
}

interface ValuesProps {
  title: string;
  path: string;
  value: Obj;
  schema: Parameters<typeof initial>[1];
  problems: Problems;
  bench: Bench;
  on: (value: Obj) => void;
}

/** Values are parameters of one kind, if there are any. */
function Values({ title, bench, ...props }: ValuesProps) {
  const properties = typeof props.schema === "object" ? props.schema["properties"] : undefined;
  if (!properties || !Object.keys(properties).length) return null;
  return (
    <fieldset>
      <legend>{title}</legend>
      <Fields document={bench.document} short name={title} {...props} />
    </fieldset>
  );
}

interface PartProps {
  bench: Bench;
  change: (settings: Partial<Bench["settings"]>) => void;
  problems: Problems;
}

function Servers({ bench, change, problems }: PartProps) {
  const { document, session, settings } = bench;
  const servers = serversOf(session.frames.channel);
  const chosen = servers.find(({ id }) => id === settings.server);
  if (!chosen || (servers.length < 2 && !chosen.variables.length)) return null;
  const choose = (id: string) => {
    const server = servers.find((one) => one.id === id);
    if (server) change({ server: id, variables: asObj(initial(document, parameterSchema(server.variables))) });
  };
  return (
    <>
      <div class="field">
        <div class="head"><label for="server">Server</label></div>
        <select id="server" value={chosen.id} onChange={(e) => choose(e.currentTarget.value)}>
          {servers.map((server) => (
            <option key={server.id} value={server.id}>{server.title || server.id}: {origin(server, new Map(), location)}</option>
          ))}
        </select>
      </div>
      <Values title="Server" path="variables" value={settings.variables} problems={problems} schema={parameterSchema(chosen.variables)} bench={bench} on={(variables) => change({ variables })} />
    </>
  );
}

function Subprotocols({ bench, change, problems }: PartProps) {
  const { settings, session } = bench;
  const names = session.frames.channel.subprotocols.filter((name) => name !== "bearer.*");
  if (!names.length) return null;
  const offer = (name: string, rest: string | undefined) => {
    const protocols = new Map(settings.protocols);
    if (rest === undefined) protocols.delete(name);
    else protocols.set(name, rest);
    // In the order of the channel, which is that of preference.
    change({ protocols: new Map(names.flatMap((one) => (protocols.has(one) ? [[one, protocols.get(one)!] as const] : []))) });
  };
  return (
    <fieldset>
      <legend>Subprotocols to offer</legend>
      {names.map((name) => {
        const rest = settings.protocols.get(name);
        const path = step("protocols", name);
        return (
          <div key={name} class="field">
            <label class="flag">
              <input type="checkbox" checked={rest !== undefined} onChange={(e) => offer(name, e.currentTarget.checked ? "" : undefined)} />
              <code>{name}</code>
            </label>
            {name.endsWith("*") && rest !== undefined && <input id={fieldId(path)} aria-label={`What stands for the star of ${name}`} value={rest} aria-invalid={problems.has(path)} onInput={(e) => offer(name, e.currentTarget.value)} />}
            <Problem path={path} problems={problems} />
          </div>
        );
      })}
    </fieldset>
  );
}

function Problem({ path, problems }: { path: string; problems: Problems }) {
  const found = problems.get(path);
  return found ? <p class="problem" id={`${fieldId(path)}!`}>{found.join("; ")}</p> : null;
}

const wayName = (way: Way): string => (way.kind === "query" ? `the query's ${way.name}` : "the subprotocol bearer.…");

function Token({ bench, change, problems }: PartProps) {
  const { settings, session } = bench;
  const { channel } = session.frames;
  const open = ways(channel);
  const note = credentialsNote(channel);
  if (!open.length) return note ? <p class="hint">{note}</p> : null;
  const id = fieldId("token");
  return (
    <div class="field">
      <div class="head">
        <label for={id}>Token</label>
        {open.length < 2 && <span class="type">in {wayName(open[0]!)}</span>}
        {channel.security.length > 0 && !channel.securityOptional && <span class="required">required</span>}
      </div>
      <input id={id} type="password" autocomplete="off" value={settings.token} aria-invalid={problems.has("token")} aria-describedby={`${id}? ${id}!`} onInput={(e) => change({ token: e.currentTarget.value.trim() })} />
      {open.length > 1 && (
        <select aria-label="How the token is sent" value={String(open.findIndex((way) => wayName(way) === (settings.way && wayName(settings.way))))} onChange={(e) => change({ way: open[Number(e.currentTarget.value)] })}>
          {open.map((way, i) => <option key={i} value={String(i)}>in {wayName(way)}</option>)}
        </select>
      )}
      <p class="hint" id={`${id}?`}>It is forgotten when the page is left.</p>
      <Problem path="token" problems={problems} />
    </div>
  );
}

/** credentialsNote says what a browser can't do of what the channel asks. */
function credentialsNote({ security, securityOptional }: Channel): string {
  if (!security.length) return "";
  const places = new Set(security.map((scheme) => (scheme.type === "httpApiKey" && scheme.in === "cookie" ? "cookie" : "header")));
  const cookie = "It takes a cookie: the browser sends those that it has of that host, so log in there first.";
  const header = "It takes a header, which a browser can't set on a WebSocket: another client is needed.";
  const note = [...(places.has("cookie") ? [cookie] : []), ...(places.has("header") ? [header] : [])].join(" ");
  return securityOptional ? `${note} Without, it can be tried too.` : note;
}
