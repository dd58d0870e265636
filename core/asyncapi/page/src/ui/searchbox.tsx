import type { RefObject } from "preact";
import { useMemo, useState } from "preact/hooks";
import type { Document } from "../document";
import { Index, marked, most, terms, type Hit } from "./search";

interface SearchProps {
  document: Document;
  query: string;
  onQuery: (query: string) => void;
  field: RefObject<HTMLInputElement | null>;
}

/** Search is a field, and below it what was found; the arrow keys go through that. */
export function Search({ document, query, onQuery, field }: SearchProps) {
  const asked = query.trim() !== "";
  const index = useMemo(() => (asked ? new Index(document) : undefined), [document, asked]);
  const hits = useMemo(() => index?.search(query) ?? [], [index, query]);
  const [active, setActive] = useState(0);
  const ask = (text: string) => {
    setActive(0);
    onQuery(text);
  };

  const keys = (event: KeyboardEvent) => {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (event.key === "Escape") {
      // Where there is nothing to clear, it closes the drawer.
      if (query) event.stopPropagation();
      ask("");
    } else if (step && hits.length) {
      const to = (active + step + hits.length) % hits.length;
      setActive(to);
      globalThis.document.getElementById(`hit-${to}`)?.scrollIntoView({ block: "nearest" });
    } else if (event.key === "Enter" && hits[active]) {
      location.hash = hits[active].href;
    } else {
      return;
    }
    event.preventDefault();
  };

  return (
    <search class="search">
      <input
        ref={field}
        type="text"
        role="combobox"
        aria-label="Search channels, messages and schemas"
        aria-expanded={asked && hits.length > 0}
        aria-controls="hits"
        aria-autocomplete="list"
        aria-activedescendant={asked && hits[active] ? `hit-${active}` : undefined}
        aria-keyshortcuts="/"
        placeholder="Search"
        autocomplete="off"
        spellcheck={false}
        value={query}
        onInput={(event) => ask(event.currentTarget.value)}
        onKeyDown={keys}
      />
      {!query && <kbd aria-hidden="true">/</kbd>}
      <div class="hidden" role="status">
        {asked && said(hits.length)}
      </div>
      {asked && <Hits hits={hits} words={terms(query)} active={active} />}
    </search>
  );
}

function said(count: number): string {
  if (count >= most) return `The first ${most} results`;
  return count === 1 ? "1 result" : `${count || "No"} results`;
}

function Hits({ hits, words, active }: { hits: readonly Hit[]; words: readonly string[]; active: number }) {
  if (!hits.length) return <p class="none">Nothing has all of these words.</p>;
  return (
    <ul id="hits" class="hits" role="listbox" aria-label="Results">
      {hits.map((hit, index) => (
        <li
          key={index}
          id={`hit-${index}`}
          role="option"
          aria-selected={index === active}
          onClick={() => (location.hash = hit.href)}
        >
          <span class="kind">{hit.kind}</span>
          <span class="title">
            <Marked text={hit.title} words={words} />
          </span>
          <span class="where">
            <Marked text={hit.where} words={words} />
          </span>
          {hit.snippet && (
            <span class="snippet">
              <Marked text={hit.snippet} words={words} />
            </span>
          )}
        </li>
      ))}
    </ul>
  );
}

function Marked({ text, words }: { text: string; words: readonly string[] }) {
  return <>{marked(text, words).map((part, index) => (index % 2 ? <mark key={index}>{part}</mark> : part))}</>;
}
