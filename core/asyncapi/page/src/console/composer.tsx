import { useEffect, useRef, useState } from "preact/hooks";
import type { Channel, Message } from "../document";
import { Fields, fieldId, focusSoon, type Problems } from "../form/field";
import { parse, write, type Obj } from "../form/json";
import { bodyOf } from "../form/model";
import { Raw } from "../form/raw";
import { Select } from "../form/select";
import type { Violation } from "../form/validate";
import { useKept, useListened, type Bench } from "./bench";
import { bodyOfDraft, composed, loaded, refOfDraft, topicOfDraft, type Composed } from "./draft";
import { bodyFor, bodyNames, problemsOf } from "./frames";

type Tab = "form" | "json" | "frame";
const tabs: readonly (readonly [Tab, string])[] = [["form", "Form"], ["json", "JSON"], ["frame", "Frame"]];

/** Asked is a frame that is to be composed: another object each time. */
export interface Asked {
  readonly text: string;
  /** Where that is known. */
  readonly message?: Message;
}

interface ComposerProps {
  bench: Bench;
  channel: Channel;
  asked: Asked | undefined;
}

/** Composer is where a message is chosen, filled in and sent. */
export function Composer({ bench, channel, asked }: ComposerProps) {
  const { document, session, draft } = bench;
  const keep = useKept(draft);
  const [tab, show] = useState<Tab>("form");
  const [tried, setTried] = useState(false);
  const [sent, setSent] = useState<string>();
  const form = useRef<HTMLFormElement>(null);
  useListened(session);
  useEffect(() => {
    if (!asked) return;
    const { message, body, topic } = loaded(document, session.frames, asked.text, asked.message);
    keep({
      message,
      ref: undefined,
      text: message ? undefined : asked.text,
      ...(message && { bodies: new Map(draft.bodies).set(message, body) }),
      ...(message && topic && { topics: new Map(draft.topics).set(message.channel, topic) }),
    });
    setTried(false);
    show(message ? "form" : "frame");
    form.current?.scrollIntoView({ block: "nearest" });
  }, [asked]);
  const message = messageOf(bench, channel);
  useEffect(() => {
    // Another channel at the same address is looked at: one of its messages is likely meant.
    if (draft.message && draft.message.channel !== channel && !asked) keep({ message: undefined, text: undefined });
  }, [channel]);
  if (!message) return <p class="hint">Clients send nothing here.</p>;

  const made = composed(document, draft, session, message);
  const failure = session.failure?.ref === sent ? session.failure : undefined;
  const problems = problemsOf([...(tried ? made.violations : []), ...(failure?.violations ?? [])]);
  const wrong = made.violations.length > 0 || made.unreadable !== "";
  const open = session.state === "open";
  const go = (path: string) => {
    if (draft.text === undefined) show("form");
    focusSoon(path);
  };
  const edit = (change: Partial<typeof draft>) => {
    setSent(undefined);
    keep(change);
  };
  const send = (anyway: boolean) => {
    setTried(wrong);
    if (wrong && !anyway) return;
    const entry = session.send(made.text);
    if (entry) {
      setSent(entry.ref);
      setTried(false);
      keep({ ref: undefined });
    }
  };
  return (
    <form
      ref={form}
      class="composer"
      onSubmit={(e) => {
        e.preventDefault();
        send(false);
      }}
      onKeyDown={(e) => {
        if (e.key !== "Enter" || !(e.ctrlKey || e.metaKey)) return;
        e.preventDefault();
        send(false);
      }}
    >
      <Choice bench={bench} message={message} problems={problems} edit={edit} />
      <div class="tabs" role="group" aria-label="How the message is edited">
        {tabs.map(([id, name]) => <button key={id} type="button" aria-pressed={tab === id} onClick={() => show(id)}>{name}</button>)}
      </div>
      <Body bench={bench} message={message} tab={tab} made={made} problems={problems} edit={edit} />
      {tried && wrong && (
        <Summary title={made.unreadable ? `The frame is not JSON: ${made.unreadable}` : "The document doesn't allow this frame:"} violations={made.violations} go={go}>
          <button type="button" disabled={!open} onClick={() => send(true)}>Send anyway</button>
        </Summary>
      )}
      {failure && <Summary title={<>The server refused it: <b>{failure.reason}</b> {failure.detail}</>} violations={failure.violations} go={go} />}
      <div class="bar">
        <button class="primary" disabled={!open}>Send</button>
        <span class="hint">{open ? "or Ctrl+Enter, ⌘+Enter" : "Connect first."}</span>
      </div>
    </form>
  );
}

/** messageOf is the message that is composed: the one that was chosen, else one of the channel, preferably with something to fill in. */
function messageOf({ document, draft, session }: Bench, channel: Channel): Message | undefined {
  if (draft.message) return draft.message;
  const all = session.frames.sendable();
  const rank = (message: Message) => Number(message.framework) * 4 + Number(message.channel !== channel) * 2 + Number(!bodyNames(document, message).length);
  return all.sort((a, b) => rank(a) - rank(b))[0];
}

interface PartProps {
  bench: Bench;
  message: Message;
  problems: Problems;
  edit: (change: Partial<Bench["draft"]>) => void;
}

/** Choice is which message it is, and what the envelope has beside its name. */
function Choice({ bench, message, problems, edit }: PartProps) {
  const { session, draft } = bench;
  const all = session.frames.sendable();
  const topical = session.frames.topics.includes(message.channel);
  const name = ({ name, title, channel }: Message) => name + (channel.topic ? ` · ${channel.topic.pattern}` : title && ` · ${title}`);
  const found = problems.get("/topic");
  return (
    <div class="choice">
      <label>
        <span>Message</span>
        <Select options={all.map(name)} chosen={all.indexOf(message)} on={(i) => edit({ message: all[i], text: undefined, ref: undefined })} />
      </label>
      {topical && (
        <label>
          <span>Topic</span>
          <input id={fieldId("/topic")} list="topics" placeholder={message.channel.topic?.pattern} autocomplete="off" spellcheck={false} value={topicOfDraft(draft, session, message)} aria-invalid={!!found} disabled={draft.text !== undefined} onInput={(e) => edit({ topics: new Map(draft.topics).set(message.channel, e.currentTarget.value) })} />
          <datalist id="topics">
            {[...session.subscriptions.values()].filter((one) => one.channel === message.channel).map((one) => <option key={one.topic} value={one.topic} />)}
          </datalist>
          {found && <span class="problem">{found.join("; ")}</span>}
        </label>
      )}
      <label>
        <span>Ref</span>
        <input id={fieldId("/ref")} autocomplete="off" value={refOfDraft(draft, session, message)} disabled={draft.text !== undefined} onInput={(e) => edit({ ref: e.currentTarget.value })} />
      </label>
    </div>
  );
}

interface BodyProps extends PartProps {
  tab: Tab;
  made: Composed;
}

function Body({ bench, message, tab, made, problems, edit }: BodyProps) {
  const { document, draft } = bench;
  const schema = bodyFor(document, message);
  const body = bodyOfDraft(document, draft, message);
  const put = (value: Obj) => edit({ bodies: new Map(draft.bodies).set(message, value) });
  const names = bodyNames(document, message);
  if (tab === "frame") return <FrameText draft={draft} made={made} edit={edit} />;
  if (draft.text !== undefined) {
    return (
      <p class="note">
        The frame was written by hand. <button type="button" class="quiet" onClick={() => edit({ ...fromText(draft.text ?? "", schema, message, draft), text: undefined })}>Go on with the form</button>
      </p>
    );
  }
  if (!names.length) return <p class="hint">The message has no payload.</p>;
  if (tab === "form") return <Fields key={message.id} document={document} problems={problems} schema={schema} value={body} path="" name={message.name} on={put} />;
  const [only] = names;
  const single = names.length === 1 && only !== undefined && body.has(only);
  return (
    <Raw
      key={message.id}
      id="raw"
      label={single ? `The ${only} as JSON` : "The message as JSON"}
      rows={6}
      value={single ? body.get(only)! : body}
      on={(value) => (single ? put(new Map(body).set(only, value)) : value instanceof Map && put(bodyOf(value, schema)))}
    />
  );
}

/** fromText takes over into the form what can be of a frame that was written by hand. */
function fromText(text: string, schema: ReturnType<typeof bodyFor>, message: Message, draft: Bench["draft"]): Partial<Bench["draft"]> {
  try {
    return { bodies: new Map(draft.bodies).set(message, bodyOf(parse(text), schema)) };
  } catch {
    return {};
  }
}

/** FrameText edits the whole frame, as any text. */
function FrameText({ draft, made, edit }: { draft: Bench["draft"]; made: Composed; edit: PartProps["edit"] }) {
  const pretty = draft.text ?? write(parse(made.text), 2);
  return (
    <>
      <textarea class="code" id="frame" aria-label="The whole frame" spellcheck={false} rows={Math.min(Math.max(pretty.split("\n").length, 6), 24)} value={pretty} aria-invalid={made.unreadable !== ""} onInput={(e) => edit({ text: e.currentTarget.value })} />
      {draft.text !== undefined && (
        <p class="note">
          It goes out as it stands here. <button type="button" class="quiet" onClick={() => edit({ text: undefined })}>Discard</button>
        </p>
      )}
    </>
  );
}

interface SummaryProps {
  title: preact.ComponentChildren;
  violations: readonly Violation[];
  go: (path: string) => void;
  children?: preact.ComponentChildren;
}

/** Summary says what is wrong with a frame, with a way to each place. */
function Summary({ title, violations, go, children }: SummaryProps) {
  return (
    <div class="failure" role="alert">
      <p>{title}</p>
      <ul>
        {violations.map(({ path, message }, i) => (
          <li key={i}>
            <button type="button" class="quiet" onClick={() => go(path)}>{path || "the frame"}</button> {message}
          </li>
        ))}
      </ul>
      {children}
    </div>
  );
}
