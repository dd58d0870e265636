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
  return new Line(text).read();
}

class Line {
  readonly #top: Inline[] = [];
  readonly #frames: Frame[] = [];
  /** The runs of backticks that nothing ends any more. */
  readonly #endless = new Set<string>();

  constructor(private readonly text: string) {}

  read(): Inline[] {
    let end = 0;
    for (const match of this.text.matchAll(special)) {
      const [whole, escaped, ticks, bracket, closing, angled, bare, broken, marks] = match;
      if (match.index < end) continue;
      this.#say(this.text.slice(end, match.index));
      end = match.index + whole.length;
      if (escaped) this.#say(escaped);
      else if (ticks) end = this.#code(ticks, end);
      else if (bracket) this.#open(bracket);
      else if (closing) end = this.#link(end);
      else if (broken === "") this.#add({ kind: "break" });
      else if (marks) this.#emphasis(marks, match.index);
      else {
        const url = angled ?? sentence(bare ?? "");
        if (bare) end = match.index + url.length;
        this.#add({ kind: "link", url, children: [{ kind: "text", text: url.replace("mailto:", "") }] });
      }
    }
    this.#say(this.text.slice(end));
    while (this.#frames.length) this.#drop();
    return this.#top;
  }

  #add(part: Inline) {
    (this.#frames.at(-1)?.parts ?? this.#top).push(part);
  }

  #say(text: string) {
    if (text) this.#add({ kind: "text", text });
  }

  #open(mark: string) {
    if (this.#frames.length < deepest) this.#frames.push({ mark, parts: [] });
    else this.#say(mark);
  }

  /** drop takes what was opened last for text after all. */
  #drop() {
    const frame = this.#frames.pop();
    this.#say(frame?.mark ?? "");
    frame?.parts.forEach((part) => this.#add(part));
  }

  /** emphasis closes what a run of marks can close, and opens what is left of it. */
  #emphasis(run: string, at: number) {
    const before = this.text[at - 1] ?? " ";
    const after = this.text[at + run.length] ?? " ";
    const within = run.startsWith("_") && /\w\w/.test(before + after);
    let rest = run;
    if (run.length > 3 || within) return this.#say(run);
    while (rest && /\S/.test(before)) {
      const mark = this.#frames.findLast((frame) => frame.mark.endsWith("[") || rest.startsWith(frame.mark))?.mark;
      if (!mark || !rest.startsWith(mark)) break;
      while (this.#frames.at(-1)?.mark !== mark) this.#drop();
      const kind = mark === "~~" ? "del" : mark.length > 1 ? "strong" : "em";
      const children = this.#frames.pop()?.parts ?? [];
      this.#add({ kind, children });
      rest = rest.slice(mark.length);
    }
    if (/\s/.test(after)) return this.#say(rest);
    if (rest.length > 1) this.#open(rest.slice(0, 2));
    if (rest.length % 2) this.#open(rest.slice(-1));
  }

  /** link reads what follows a link's text; it returns where that ends. */
  #link(at: number): number {
    const opened = this.#frames.findLastIndex((frame) => frame.mark.endsWith("["));
    while (opened >= 0 && this.#frames.length > opened + 1) this.#drop();
    const found = opened < 0 ? null : target.exec(this.text.slice(at, at + longest));
    const url = found && safe((found[1] ?? found[2] ?? "").replace(/\\([!-/:-@[-`{-~])/g, "$1"));
    if (url == null) {
      if (opened >= 0) this.#drop();
      this.#say("]");
      return at;
    }
    const children = (this.#frames.pop()?.parts ?? []).map(unlinked);
    this.#add({ kind: "link", url, children });
    return at + (found?.[0].length ?? 0);
  }

  /** code reads to the backticks that end it; it returns where that is. */
  #code(ticks: string, at: number): number {
    let close = this.#endless.has(ticks) ? -1 : this.text.indexOf(ticks, at);
    while (close >= 0 && (this.text[close + ticks.length] === "`" || this.text[close - 1] === "`")) {
      close = this.text.indexOf(ticks, close + 1);
    }
    if (close < 0) {
      this.#endless.add(ticks);
      this.#say(ticks);
      return at;
    }
    const text = this.text.slice(at, close).replaceAll("\n", " ");
    const padded = text.startsWith(" ") && text.endsWith(" ") && text.trim();
    this.#add({ kind: "code", text: padded ? text.slice(1, -1) : text });
    return close + ticks.length;
  }
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
