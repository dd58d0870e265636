// The parts of a line of Markdown. Whatever the text is, reading it takes time in
// proportion to its length.

export type Inline =
  | { readonly kind: "text" | "code"; readonly text: string }
  | { readonly kind: "break" }
  | { readonly kind: "strong" | "em" | "del"; readonly children: readonly Inline[] }
  | { readonly kind: "link"; readonly url: string; readonly children: readonly Inline[] };

/** Frame is what has been opened and may be closed: an emphasis, or the text of a link. */
interface Frame {
  readonly mark: string;
  readonly parts: Inline[];
}

/** How many may be open in one another. */
const deepest = 12;

/** What may be more than text: an escape, code, links, the end of a line, emphasis. */
const special =
  /\\([!-/:-@[-`{-~])|(`+)|(!?\[)|(\])|<((?:https?:|mailto:)[^\s<>]+)>|\b(https?:\/\/[^\s<>"`]+)|(?:  |\\)\n()|(\*+|_+|~~)/g;

/** Where a link leads, after its text; what is longer is none. */
const target = /^\(\s*(?:<([^<>\n]*)>|((?:[^\s()\\]|\\.|\([^\s()]*\))*))(?:\s+(?:"[^"]*"|'[^']*'))?\s*\)/;
const longest = 2000;

/** inline reads what stands in a paragraph. */
export function inline(text: string): Inline[] {
  const top: Inline[] = [];
  const frames: Frame[] = [];
  const codes = new Set<string>();
  let end = 0;

  const add = (part: Inline) => void (frames.at(-1)?.parts ?? top).push(part);
  const say = (said: string) => said && add({ kind: "text", text: said });
  /** drop takes an opened frame for text after all. */
  const drop = () => {
    const frame = frames.pop();
    say(frame?.mark ?? "");
    frame?.parts.forEach(add);
  };
  const open = (mark: string) => (frames.length < deepest ? frames.push({ mark, parts: [] }) : say(mark));

  const emphasis = (run: string, at: number) => {
    const before = text[at - 1] ?? " ";
    const after = text[at + run.length] ?? " ";
    const within = run.startsWith("_") && /\w\w/.test(before + after);
    let rest = run.length > 3 || within ? "" : run;
    if (!rest) say(run);
    while (rest && /\S/.test(before)) {
      const mark = frames.findLast(({ mark }) => mark === "[" || mark === "![" || rest.startsWith(mark))?.mark ?? "";
      if (!rest.startsWith(mark) || !mark) break;
      while (frames.at(-1)?.mark !== mark) drop();
      const kind = mark === "~~" ? "del" : mark.length > 1 ? "strong" : "em";
      add({ kind, children: frames.pop()?.parts ?? [] });
      rest = rest.slice(mark.length);
    }
    if (/\s/.test(after)) return void say(rest);
    if (rest.length > 1) open(rest.slice(0, 2));
    if (rest.length % 2) open(rest.slice(-1));
  };

  /** link ends the text of a link; it returns where the link itself ends. */
  const link = (at: number): number => {
    const opened = frames.findLastIndex(({ mark }) => mark.endsWith("["));
    const found = opened < 0 ? null : target.exec(text.slice(at, at + longest));
    const url = found && safe((found[1] ?? found[2] ?? "").replace(/\\([!-/:-@[-`{-~])/g, "$1"));
    while (opened >= 0 && frames.length > opened + 1) drop();
    if (url == null) {
      if (opened >= 0) drop();
      say("]");
      return at;
    }
    add({ kind: "link", url, children: (frames.pop()?.parts ?? []).map(unlinked) });
    return at + (found?.[0].length ?? 0);
  };

  /** code reads to the backticks that end it; it returns where that is. */
  const code = (ticks: string, at: number): number => {
    let close = codes.has(ticks) ? -1 : at;
    do close = close < 0 ? -1 : text.indexOf(ticks, close);
    while (close >= 0 && (text[close + ticks.length] === "`" || text[close - 1] === "`") && ++close);
    if (close < 0) {
      codes.add(ticks);
      say(ticks);
      return at;
    }
    const inner = text.slice(at, close).replaceAll("\n", " ");
    const padded = inner.startsWith(" ") && inner.endsWith(" ") && inner.trim();
    add({ kind: "code", text: padded ? inner.slice(1, -1) : inner });
    return close + ticks.length;
  };

  for (const match of text.matchAll(special)) {
    const [whole, escaped, ticks, bracket, closing, angled, bare, broken, marks] = match;
    if (match.index < end) continue;
    say(text.slice(end, match.index));
    end = match.index + whole.length;
    if (escaped) say(escaped);
    else if (ticks) end = code(ticks, end);
    else if (bracket) open(bracket);
    else if (closing) end = link(end);
    else if (broken === "") add({ kind: "break" });
    else if (marks) emphasis(marks, match.index);
    else {
      const shown = angled ?? sentence(bare ?? "");
      end -= angled ? 0 : whole.length - shown.length;
      add({ kind: "link", url: shown, children: [{ kind: "text", text: shown.replace("mailto:", "") }] });
    }
  }
  say(text.slice(end));
  while (frames.length) drop();
  return top;
}

/**
 * safe is the address of a link that is harmless to follow: of the web, of mail, or
 * within this site; undefined for any other.
 */
export function safe(url: string): string | undefined {
  // Browsers leave these out before they look for the scheme.
  const cleaned = url.replace(/[\u0000-\u0020\u007f-\u009f]/g, "");
  const scheme = /^([^/?#]*?):/.exec(cleaned)?.[1]?.toLowerCase();
  return cleaned && (scheme === undefined || ["http", "https", "mailto"].includes(scheme)) ? cleaned : undefined;
}

/** An address that stands in a sentence, without what ends the sentence. */
function sentence(text: string): string {
  let end = text.length;
  while (".,;:!?'*_~)]".includes(text[end - 1] ?? "x")) end--;
  return text.slice(0, end);
}

/** A link has no link in it. */
function unlinked(part: Inline): Inline {
  if (part.kind === "link") return { kind: "em", children: part.children };
  return "children" in part ? { ...part, children: part.children.map(unlinked) } : part;
}
