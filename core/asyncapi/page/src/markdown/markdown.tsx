import type { ComponentChildren } from "preact";
import { useMemo } from "preact/hooks";
import { markdown, type Block, type Cell } from "./block";
import { inline, type Inline } from "./inline";

interface MarkdownProps {
  text: string;
  /** The level of the text's highest heading. */
  level?: number;
}

/** Markdown shows a text of Markdown, as elements that are made one by one: none of it is HTML. */
export function Markdown({ text, level = 3 }: MarkdownProps) {
  const shown = useMemo(() => {
    const blocks = markdown(text);
    // Whatever level the text begins with, it goes on where the page is.
    const highest = blocks.reduce((least, block) => (block.kind === "heading" ? Math.min(least, block.level) : least), 6);
    return blocks.map((block, index) => show(block, index, level - highest));
  }, [text, level]);
  return text ? <div class="markdown">{shown}</div> : null;
}

/** Line shows a text of Markdown that is no more than one paragraph. */
export function Line({ text }: { text: string }) {
  return <>{useMemo(() => inline(text).map(part), [text])}</>;
}

function show(block: Block, key: number, level: number): ComponentChildren {
  switch (block.kind) {
    case "heading":
      return (
        <div key={key} class="heading" role="heading" aria-level={Math.max(1, Math.min(block.level + level, 6))}>
          {block.children.map(part)}
        </div>
      );
    case "paragraph":
      return <p key={key}>{block.children.map(part)}</p>;
    case "code":
      return (
        <pre key={key} tabIndex={0}>
          <code>{block.text}</code>
        </pre>
      );
    case "quote":
      return <blockquote key={key}>{block.blocks.map((inner, index) => show(inner, index, level))}</blockquote>;
    case "list": {
      const items = block.items.map((item, index) => <li key={index}>{tight(item, level)}</li>);
      return block.start === undefined ? (
        <ul key={key}>{items}</ul>
      ) : (
        <ol key={key} start={block.start}>
          {items}
        </ol>
      );
    }
    case "table":
      return <Table key={key} head={block.head} rows={block.rows} />;
    case "rule":
      return <hr key={key} />;
  }
}

/** An item of one paragraph needs none. */
function tight(blocks: readonly Block[], level: number): ComponentChildren {
  return blocks.map((block, index) =>
    block.kind === "paragraph" && index === 0 ? block.children.map(part) : show(block, index, level),
  );
}

function Table({ head, rows }: { head: readonly Cell[]; rows: readonly (readonly Cell[])[] }) {
  return (
    <div class="scroll" tabIndex={0} role="group" aria-label="Table">
      <table>
        <thead>
          <tr>
            {head.map((cell, index) => (
              <th key={index}>{cell.map(part)}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, index) => (
            <tr key={index}>
              {row.map((cell, column) => (
                <td key={column}>{cell.map(part)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function part(of: Inline, key: number): ComponentChildren {
  switch (of.kind) {
    case "text":
      return of.text;
    case "break":
      return <br key={key} />;
    case "code":
      return <code key={key}>{of.text}</code>;
    case "strong":
      return <strong key={key}>{of.children.map(part)}</strong>;
    case "em":
      return <em key={key}>{of.children.map(part)}</em>;
    case "del":
      return <del key={key}>{of.children.map(part)}</del>;
    case "link":
      return (
        <Anchor key={key} url={of.url}>
          {of.children.map(part)}
        </Anchor>
      );
  }
}

/** Anchor is a link; one that leads away opens elsewhere, as connections end with the page. */
export function Anchor({ url, children }: { url: string; children: ComponentChildren }) {
  const away = url.startsWith("#") ? {} : { target: "_blank", rel: "noopener noreferrer" };
  return (
    <a href={url} {...away}>
      {children}
    </a>
  );
}
