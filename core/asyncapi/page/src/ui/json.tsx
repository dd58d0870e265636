import { Fragment, type ComponentChildren } from "preact";
import { useMemo } from "preact/hooks";

/** What is longer is shown without colours: each takes an element. */
const longest = 32 << 10;

const tokens = /("(?:[^"\\]|\\.)*")(\s*:)?|(-?\d[\d.eE+-]*)|\b(true|false|null)\b/g;

/** Json shows a text of JSON with its parts in colour. */
export function Json({ text, label }: { text: string; label?: string }) {
  const parts = useMemo(() => coloured(text), [text]);
  return (
    <pre class="json" tabIndex={0} role="group" aria-label={label ?? "JSON"}>
      <code>{parts}</code>
    </pre>
  );
}

/** coloured is a text of JSON as elements with classes. It shows other text as it is. */
export function coloured(text: string): ComponentChildren {
  if (text.length > longest) return text;
  const parts: ComponentChildren[] = [];
  let end = 0;
  for (const match of text.matchAll(tokens)) {
    const [whole, string, colon, number] = match;
    if (match.index > end) parts.push(text.slice(end, match.index));
    end = match.index + whole.length;
    const kind = string ? (colon ? "key" : "string") : number ? "number" : "word";
    parts.push(
      <span key={parts.length} class={`json-${kind}`}>
        {string ?? whole}
      </span>,
    );
    if (colon) parts.push(colon);
  }
  parts.push(text.slice(end));
  return <Fragment>{parts}</Fragment>;
}
