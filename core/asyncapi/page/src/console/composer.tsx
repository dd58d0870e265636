import { useEffect, useRef, useState } from "preact/hooks";
import type { Channel, Message } from "../document";
import { Fields, fieldId, focusSoon, type Problems } from "../form/field";
import { parse, write, type Obj } from "../form/json";
import { bodyOf } from "../form/model";
import { Raw } from "../form/raw";
import { Select } from "../form/select";
import { useKept, useListened, type Bench } from "./bench";
import { bodyOfDraft, composed, loaded, refOfDraft, topicOfDraft, type Composed } from "./draft";
import { bodyFor, bodyNames, problemsOf, type Failure } from "./frames";

type Tab = "form" | "json" | "frame";
const tabs: readonly (readonly [Tab, string])[] = [
  ["form", "Form"],
  ["json", "JSON"],
  ["frame", "Frame"],
];

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
  const { tried, setTried, sent, setSent, send } = useSending(bench, keep);
  const form = useRef<HTMLFormElement>(null);
  useListened(session);
  const changeMessage = (message: Message | undefined) => {
    setTried(false);
    show(message ? "form" : "frame");
    form.current?.scrollIntoView({ block: "nearest" });
  };
  useAsked(bench, channel, asked, keep, changeMessage);
  const message = messageOf(bench, channel);
  if (!message) return <p class="hint">Clients send nothing here.</p>;

  const made = composed(document, draft, session, message);
  const failure = session.failure?.ref === sent ? session.failure : undefined;
  const problems = problemsOf([...(tried ? made.violations : []), ...(failure?.violations ?? [])]);
  const open = session.state === "open";
  const go = (path: string) => {
    if (draft.text === undefined) show("form");
    focusSoon(path);
  };
  const edit = (change: Partial<typeof draft>) => {
    setSent(undefined);
    keep(change);
  };
  const submit = (e: Event) => {
    e.preventDefault();
    send(made, false);
  };
  return (
    <form
      ref={form}
      class="composer"
      onSubmit={submit}
      onKeyDown={(e) => {
        if (e.key === "Enter" && (e.ctrlKey || e.metaKey)) submit(e);
      }}
    >
      <Choice bench={bench} message={message} problems={problems} edit={edit} />
      <Tabs tab={tab} show={show} />
      <Body bench={bench} message={message} tab={tab} made={made} problems={problems} edit={edit} />
      {tried && isWrong(made) && (
        <Refused made={made} go={go}>
          <button type="button" disabled={!open} onClick={() => send(made, true)}>
            Send anyway
          </button>
        </Refused>
      )}
      {failure && <Refused made={failure} go={go} />}
      <div class="bar">
        <button class="primary" disabled={!open}>
          Send
        </button>
        <span class="hint">{open ? "or Ctrl+Enter, ⌘+Enter" : "Connect first."}</span>
      </div>
    </form>
  );
}

const isWrong = (made: Composed): boolean => made.violations.length > 0 || made.unreadable !== "";

/** useSending sends frames, and remembers whether one was held back, and which was the last. */
function useSending({ session }: Bench, keep: (change: Partial<Bench["draft"]>) => void) {
  const [tried, setTried] = useState(false);
  const [sent, setSent] = useState<string>();
  const send = (made: Composed, anyway: boolean) => {
    const entry = isWrong(made) && !anyway ? undefined : session.send(made.text);
    setTried(isWrong(made) && !entry);
    if (!entry) return;
    setSent(entry.ref);
    keep({ ref: undefined });
  };
  return { tried, setTried, sent, setSent, send };
}

function Tabs({ tab, show }: { tab: Tab; show: (tab: Tab) => void }) {
  return (
    <div class="tabs" role="group" aria-label="How the message is edited">
      {tabs.map(([id, name]) => (
        <button key={id} type="button" aria-pressed={tab === id} onClick={() => show(id)}>
          {name}
        </button>
      ))}
    </div>
  );
}

/** useAsked takes over what a reader asks to compose, and lets go of what another channel is about. */
function useAsked(
  { document, session, draft }: Bench,
  channel: Channel,
  asked: Asked | undefined,
  keep: (change: Partial<Bench["draft"]>) => void,
  changed: (message: Message | undefined) => void,
): void {
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
    changed(message);
  }, [asked]);
  useEffect(() => {
    // Another channel at the same address is looked at: one of its messages is likely meant.
    if (draft.message && draft.message.channel !== channel && !asked) keep({ message: undefined, text: undefined });
  }, [channel]);
}

/** messageOf is the message that is composed: the one that was chosen, else one of the channel, preferably with something to fill in. */
function messageOf({ document, draft, session }: Bench, channel: Channel): Message | undefined {
  if (draft.message) return draft.message;
  const all = session.frames.sendable();
  const rank = (message: Message) =>
    Number(message.framework) * 4 + Number(message.channel !== channel) * 2 + Number(!bodyNames(document, message).length);
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
  const name = ({ name, title, channel }: Message) =>
    name + (channel.topic ? ` · ${channel.topic.pattern}` : title && title.toLowerCase() !== name ? ` · ${title}` : "");
  const found = problems.get("/topic");
  return (
    <div class="choice">
      <label>
        <span>Message</span>
        <Select
          options={all.map(name)}
          chosen={all.indexOf(message)}
          on={(i) => edit({ message: all[i], text: undefined, ref: undefined })}
        />
      </label>
      {topical && (
        <label>
          <span>Topic</span>
          <input
            id={fieldId("/topic")}
            list="topics"
            placeholder={message.channel.topic?.pattern}
            autocomplete="off"
            spellcheck={false}
            value={topicOfDraft(draft, session, message)}
            aria-invalid={!!found}
            disabled={draft.text !== undefined}
            onInput={(e) => edit({ topics: new Map(draft.topics).set(message.channel, e.currentTarget.value) })}
          />
          <datalist id="topics">
            {[...session.subscriptions.values()]
              .filter((one) => one.channel === message.channel)
              .map((one) => (
                <option key={one.topic} value={one.topic} />
              ))}
          </datalist>
          {found && <span class="problem">{found.join("; ")}</span>}
        </label>
      )}
      <label>
        <span>Ref</span>
        <input
          id={fieldId("/ref")}
          autocomplete="off"
          value={refOfDraft(draft, session, message)}
          disabled={draft.text !== undefined}
          onInput={(e) => edit({ ref: e.currentTarget.value })}
        />
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
        The frame was written by hand.{" "}
        <button
          type="button"
          class="quiet"
          onClick={() => edit({ ...fromText(draft.text ?? "", schema, message, draft), text: undefined })}
        >
          Go on with the form
        </button>
      </p>
    );
  }
  if (!names.length) return <p class="hint">The message has no payload.</p>;
  if (tab === "form")
    return (
      <Fields key={message.id} document={document} problems={problems} schema={schema} value={body} path="" name={message.name} on={put} />
    );
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
      <textarea
        class="code"
        id="frame"
        aria-label="The whole frame"
        spellcheck={false}
        rows={Math.min(Math.max(pretty.split("\n").length, 6), 24)}
        value={pretty}
        aria-invalid={made.unreadable !== ""}
        onInput={(e) => edit({ text: e.currentTarget.value })}
      />
      {draft.text !== undefined && (
        <p class="note">
          It goes out as it stands here.{" "}
          <button type="button" class="quiet" onClick={() => edit({ text: undefined })}>
            Discard
          </button>
        </p>
      )}
    </>
  );
}

interface RefusedProps {
  /** A frame that isn't to be sent, or what the server said of one. */
  made: Composed | Failure;
  go: (path: string) => void;
  children?: preact.ComponentChildren;
}

/** Refused says what is wrong with a frame, with a way to each place. */
function Refused({ made, go, children }: RefusedProps) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => box.current?.scrollIntoView({ block: "nearest" }), []);
  return (
    <div ref={box} class="failure" role="alert">
      {"reason" in made ? (
        <p>
          The server refused it: <b>{made.reason}</b> {made.detail}
        </p>
      ) : (
        <p>{made.unreadable ? `The frame is not JSON: ${made.unreadable}` : "The document doesn't allow this frame:"}</p>
      )}
      <ul>
        {made.violations.map(({ path, message }, i) => (
          <li key={i}>
            <button type="button" class="quiet" onClick={() => go(path)}>
              {path || "the frame"}
            </button>{" "}
            {message}
          </li>
        ))}
      </ul>
      {children}
    </div>
  );
}
