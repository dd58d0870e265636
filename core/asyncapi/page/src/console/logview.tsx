import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { parse, write } from "../form/json";
import { Select } from "../form/select";
import { Copy } from "../ui/copy";
import { Json } from "../ui/json";
import { useListened } from "./bench";
import { filtered, jsonLines, type Direction, type Entry, type Filter, type Log } from "./log";
import { shownRows, type Rows } from "./rows";

interface LogViewProps {
  log: Log;
  /** Sends an entry once more. */
  again: (entry: Entry) => void;
  /** Takes an entry to be edited. */
  edit: (entry: Entry) => void;
  open: boolean;
}

/** LogView shows the frames of a session, of which only those are rendered that can be seen. */
export function LogView({ log, again, edit, open }: LogViewProps) {
  const [filter, setFilter] = useState<Filter>({ text: "", action: "", direction: undefined });
  const [expanded, expand] = useState<ReadonlySet<number>>(new Set());
  useListened(log);
  const entries = filtered(log.entries, filter);
  const list = useRef<HTMLDivElement>(null);
  const { rows, follow, onScroll } = useWindow(list, entries, expanded);
  const toggle = (id: number) => {
    const next = new Set(expanded);
    if (!next.delete(id)) next.add(id);
    // Who reads isn't scrolled away.
    if (id !== entries.at(-1)?.id) follow(undefined);
    expand(next);
  };
  const goTo = (id: number) => {
    setFilter({ text: "", action: "", direction: undefined });
    expand(new Set(expanded).add(id));
    follow(id);
  };
  return (
    <section class="frames" aria-label="Frames">
      <Tools log={log} filter={filter} setFilter={setFilter} shown={entries} />
      <div class="list" ref={list} role="log" aria-live="off" aria-label="Frames" tabIndex={0} onScroll={onScroll}>
        <div style={{ height: `${rows.height}px` }}>
          <div style={{ transform: `translateY(${rows.above}px)` }}>
            {entries.slice(rows.first, rows.last).map((entry) => (
              <Row key={entry.id} entry={entry} expanded={expanded.has(entry.id)} toggle={() => toggle(entry.id)}>
                {expanded.has(entry.id) && <Detail entry={entry} again={again} edit={edit} open={open} goTo={goTo} />}
              </Row>
            ))}
          </div>
        </div>
        {!entries.length && <p class="hint">{log.entries.length ? "No frame is like that." : "Frames show up here."}</p>}
      </div>
      <Told log={log} />
    </section>
  );
}

/** useWindow finds the rows that can be seen. It keeps to the last one until the reader scrolls away from it. */
function useWindow(list: { current: HTMLDivElement | null }, entries: readonly Entry[], expanded: ReadonlySet<number>) {
  const [view, setView] = useState({ top: 0, height: 0 });
  const following = useRef(true);
  const wanted = useRef<number | undefined>(undefined);
  const rows: Rows = shownRows(entries, expanded, view.top, view.height);
  const look = () => {
    const element = list.current;
    if (element)
      setView((old) =>
        old.top === element.scrollTop && old.height === element.clientHeight
          ? old
          : { top: element.scrollTop, height: element.clientHeight },
      );
  };
  useEffect(() => {
    if (!list.current) return;
    const observer = new ResizeObserver(look);
    observer.observe(list.current);
    return () => observer.disconnect();
  }, []);
  useLayoutEffect(() => {
    const element = list.current;
    if (!element) return;
    const index = wanted.current === undefined ? -1 : entries.findIndex((entry) => entry.id === wanted.current);
    wanted.current = undefined;
    if (index >= 0) element.scrollTop = rows.tops(index);
    else if (following.current) element.scrollTop = element.scrollHeight;
    look();
  });
  return {
    rows,
    follow: (id: number | undefined) => {
      wanted.current = id;
      following.current = false;
    },
    onScroll: () => {
      const element = list.current;
      if (element) following.current = element.scrollTop + element.clientHeight >= element.scrollHeight - 4;
      look();
    },
  };
}

const names: Record<Direction, string> = { sent: "sent", received: "received", system: "connection" };
const directions = Object.keys(names) as Direction[];
const ways: Record<Direction, string> = { sent: "up", received: "down", system: "" };
const arrows: Record<Direction, string> = { sent: "↑", received: "↓", system: "•" };

interface ToolsProps {
  log: Log;
  filter: Filter;
  setFilter: (filter: Filter) => void;
  shown: readonly Entry[];
}

function Tools({ log, filter, setFilter, shown }: ToolsProps) {
  const actions = [...new Set(log.entries.map((entry) => entry.action))].filter(Boolean).sort();
  return (
    <div class="bar">
      <input
        type="search"
        aria-label="Only frames with"
        placeholder="Filter"
        value={filter.text}
        onInput={(e) => setFilter({ ...filter, text: e.currentTarget.value })}
      />
      <Select
        label="Only of this direction"
        none="all"
        options={directions.map((one) => names[one])}
        chosen={filter.direction ? directions.indexOf(filter.direction) : -1}
        on={(i) => setFilter({ ...filter, direction: directions[i] })}
      />
      <Select
        label="Only with this action"
        none="any"
        options={actions}
        chosen={actions.indexOf(filter.action)}
        on={(i) => setFilter({ ...filter, action: actions[i] ?? "" })}
      />
      <span class="buttons">
        <button type="button" class="quiet" aria-pressed={log.paused} onClick={() => log.pause(!log.paused)}>
          {log.paused ? "Resume" : "Pause"}
        </button>
        <button type="button" class="quiet" onClick={() => log.clear()}>
          Clear
        </button>
        <button type="button" class="quiet" disabled={!shown.length} onClick={() => save(jsonLines(shown))}>
          Export
        </button>
        <Copy what="the frames, as JSON Lines" text={() => jsonLines(shown)} />
      </span>
      <span class="hint">
        {shown.length === 1 ? "1 line" : `${shown.length} lines`}
        {log.dropped > 0 && `, ${log.dropped} older dropped`}
        {log.paused && `, ${log.held} held back`}
      </span>
    </div>
  );
}

/** save has the browser save a text as a file. */
function save(text: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "application/x-ndjson" }));
  link.download = "frames.jsonl";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** How much of a frame is in its row, and how much is shown where it is expanded. */
const longestPreview = 300;
const longestShown = 256 << 10;

interface RowProps {
  entry: Entry;
  expanded: boolean;
  toggle: () => void;
  children: preact.ComponentChildren;
}

function Row({ entry, expanded, toggle, children }: RowProps) {
  const { direction, action, topic, ref, note, answers, size, time } = entry;
  return (
    <div class="wire">
      <button type="button" class="fold" aria-expanded={expanded} onClick={toggle}>
        <span class="first">
          <b class={`way ${ways[direction]}`} aria-hidden="true">
            {arrows[direction]}
          </b>
          <span class="hidden">{names[direction]}</span>
          <span class="action">{action || (direction === "system" ? "connection" : "no action")}</span>
          {topic && <span class="badge">{topic}</span>}
          {ref && <span class="ref">#{ref}</span>}
          {note && (
            <span class="badge warn" title={note}>
              {note}
            </span>
          )}
          <span class="numbers">
            {answers && <b>{answers.after.toFixed(answers.after < 10 ? 1 : 0)} ms </b>}
            {size > 0 && `${size} B `}
            {clock(time)}
          </span>
        </span>
        <code class="preview">{preview(entry)}</code>
      </button>
      {children}
    </div>
  );
}

/** preview is the payload's text, which is what differs, or the frame's where that isn't found. */
function preview({ text }: Entry): string {
  const start = text.indexOf('"payload":') + 1;
  return text.slice(start && start + 9, start ? -1 : undefined).slice(0, longestPreview);
}

/** The time of day, with milliseconds. */
function clock(time: number): string {
  const local = new Date(time - new Date(time).getTimezoneOffset() * 60_000);
  return local.toISOString().slice(11, 23);
}

interface DetailProps extends Omit<LogViewProps, "log"> {
  entry: Entry;
  goTo: (id: number) => void;
}

function Detail({ entry, again, edit, open, goTo }: DetailProps) {
  const { text, answers, direction, note } = entry;
  return (
    <div class="detail">
      <div class="bar">
        <Copy what="the frame" text={() => text} />
        {direction === "sent" && (
          <button type="button" class="quiet" onClick={() => edit(entry)}>
            Edit
          </button>
        )}
        {direction === "sent" && (
          <button type="button" class="quiet" disabled={!open} onClick={() => again(entry)}>
            Send again
          </button>
        )}
        {answers && (
          <button type="button" class="quiet" onClick={() => goTo(answers.id)}>
            Show the request
          </button>
        )}
        {note && <span class="note">{note}</span>}
      </div>
      <Json text={pretty(text)} label="The frame" />
    </div>
  );
}

function pretty(text: string): string {
  if (text.length > longestShown) return `${text.slice(0, longestShown)}\n… the rest is in the copy`;
  try {
    return write(parse(text), 2);
  } catch {
    return text;
  }
}

/** How often those who hear the page are told of frames. */
const tellEvery = 3000;

/** Told says how many frames came, but not of each. */
function Told({ log }: { log: Log }) {
  const [told, tell] = useState("");
  useEffect(() => {
    let known = log.received;
    const timer = setInterval(() => {
      const count = log.received - known;
      if (count) tell(`${count} received, the last one: ${log.last?.action}`);
      known += count;
    }, tellEvery);
    return () => clearInterval(timer);
  }, [log]);
  return (
    <p class="hidden" role="status">
      {told}
    </p>
  );
}
