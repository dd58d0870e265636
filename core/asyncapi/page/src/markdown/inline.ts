// The parts of a line of Markdown. Whatever the text is, reading it takes time in
// proportion to its length: what has been looked for in vain isn't looked for again.

export type Inline =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "code"; readonly text: string }
  | { readonly kind: "break" }
  | { readonly kind: "strong" | "em" | "del"; readonly children: readonly Inline[] }
  | { readonly kind: "link"; readonly url: string; readonly children: readonly Inline[] };

const deepest = 12;
/** How many characters a link's text or address may have. */
const longestLink = 2000;

const punctuation = /[!-/:-@[-`{-~]/;
const space = /^\s?$/;
const bare = /https?:\/\/[^\s<>"`]+/y;
const angled = /<((?:https?:|mailto:)[^\s<>]+)>/y;

/** inline reads what stands in a paragraph. */
export function inline(text: string, depth = 0): Inline[] {
  return new Scanner(text, depth).scan();
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

class Scanner {
  private readonly found: Inline[] = [];
  private plain = "";
  private at = 0;
  /** What doesn't close any more in the rest of the text. */
  private readonly unclosed = new Set<string>();

  constructor(
    private readonly text: string,
    private readonly depth: number,
  ) {}

  scan(): Inline[] {
    while (this.at < this.text.length) {
      if (!this.special(this.text[this.at] ?? "")) this.plain += this.text[this.at++];
    }
    this.flush();
    return this.found;
  }

  private flush(): void {
    if (this.plain) this.found.push({ kind: "text", text: this.plain });
    this.plain = "";
  }

  private add(part: Inline, end: number): true {
    this.flush();
    this.found.push(part);
    this.at = end;
    return true;
  }

  /** Whether something other than text begins here; if so it is read. */
  private special(char: string): boolean {
    switch (char) {
      case "\\":
        return this.escape();
      case "`":
        return this.code();
      case "\n":
        return this.newline();
      case "*":
      case "_":
      case "~":
        return this.depth < deepest && this.emphasis(char);
      case "!":
      case "[":
        return this.depth < deepest && this.link(char);
      case "<":
        return this.address(angled);
      case "h":
        return this.address(bare);
      default:
        return false;
    }
  }

  private escape(): boolean {
    const next = this.text[this.at + 1] ?? "";
    if (next === "\n") return this.add({ kind: "break" }, this.at + 2);
    if (!punctuation.test(next)) return false;
    this.plain += next;
    this.at += 2;
    return true;
  }

  private newline(): boolean {
    if (!this.plain.endsWith("  ")) return false;
    this.plain = this.plain.trimEnd();
    return this.add({ kind: "break" }, this.at + 1);
  }

  private code(): boolean {
    const ticks = this.run("`");
    const start = this.at + ticks.length;
    let end = this.unclosed.has(ticks) ? -1 : this.text.indexOf(ticks, start);
    while (end >= 0 && this.text[end + ticks.length] === "`") {
      while (this.text[end] === "`") end++;
      end = this.text.indexOf(ticks, end);
    }
    if (end < 0) {
      this.unclosed.add(ticks);
      this.plain += ticks;
      this.at = start;
      return true;
    }
    const text = this.text.slice(start, end).replaceAll("\n", " ");
    const padded = text.startsWith(" ") && text.endsWith(" ") && text.trim() !== "";
    return this.add({ kind: "code", text: padded ? text.slice(1, -1) : text }, end + ticks.length);
  }

  /** How often a character stands here, one after the other. */
  private run(char: string): string {
    let end = this.at;
    while (this.text[end] === char) end++;
    return this.text.slice(this.at, end);
  }

  private emphasis(char: string): boolean {
    const run = this.run(char);
    const mark = char === "~" || run.length > 1 ? char + char : char;
    const start = this.at + mark.length;
    const before = this.text[this.at - 1] ?? "";
    const opens = run.length <= 3 && run.length >= mark.length && !space.test(this.text[this.at + run.length] ?? "");
    const within = char === "_" && /\w/.test(before);
    const end = opens && !within && !this.unclosed.has(mark) ? this.closing(mark, start) : -1;
    if (end < 0) {
      if (opens && !within) this.unclosed.add(mark);
      this.plain += run;
      this.at += run.length;
      return true;
    }
    const kind = char === "~" ? "del" : mark.length > 1 ? "strong" : "em";
    return this.add({ kind, children: inline(this.text.slice(start, end), this.depth + 1) }, end + mark.length);
  }

  /** Where an emphasis ends, at a mark that has no space before it; -1 where it doesn't. */
  private closing(mark: string, start: number): number {
    const char = mark[0] ?? "";
    for (let at = start + 1; at < this.text.length; at++) {
      if (this.text[at] === "\\") at++;
      if (this.text[at] !== char || space.test(this.text[at - 1] ?? "")) continue;
      let end = at;
      while (this.text[end] === char) end++;
      const length = end - at;
      const within = char === "_" && /\w/.test(this.text[end] ?? "");
      if (!within && (length === mark.length || length === 3)) return length === 3 && mark.length === 1 ? at : end - mark.length;
      at = end - 1;
    }
    return -1;
  }

  private link(char: string): boolean {
    const image = char === "!";
    const open = this.at + (image ? 1 : 0);
    if (this.text[open] !== "[") return false;
    const close = this.bracket(open);
    if (close < 0 || this.text[close + 1] !== "(") return false;
    const start = close + 2;
    const target = /^\s*(?:<([^<>\n]*)>|((?:[^\s()\\]|\\.|\([^\s()]*\))*))(?:\s+(?:"[^"]*"|'[^']*'))?\s*\)/.exec(
      this.text.slice(start, start + longestLink),
    );
    if (!target) return false;
    const text = this.text.slice(open + 1, close);
    const url = safe((target[1] ?? target[2] ?? "").replace(/\\([!-/:-@[-`{-~])/g, "$1"));
    const children: Inline[] = image ? [{ kind: "text", text: text || "image" }] : inline(text, this.depth + 1);
    const end = start + target[0].length;
    if (url === undefined) return this.add({ kind: "text", text: this.text.slice(this.at, end) }, end);
    return this.add({ kind: "link", url, children: children.map(unlinked) }, end);
  }

  private bracket(open: number): number {
    let depth = 0;
    const last = Math.min(this.text.length, open + longestLink);
    for (let at = open; at < last; at++) {
      const char = this.text[at];
      if (char === "\\") at++;
      else if (char === "[") depth++;
      else if (char === "]" && --depth === 0) return at;
    }
    return -1;
  }

  private address(pattern: RegExp): boolean {
    if (pattern === bare && /\w/.test(this.text[this.at - 1] ?? "")) return false;
    pattern.lastIndex = this.at;
    const match = pattern.exec(this.text);
    if (!match) return false;
    const shown = pattern === bare ? address(match[0]) : (match[1] ?? "");
    const url = safe(shown);
    if (url === undefined) return false;
    const end = this.at + (pattern === bare ? shown.length : match[0].length);
    return this.add({ kind: "link", url, children: [{ kind: "text", text: shown.replace(/^mailto:/, "") }] }, end);
  }
}

/** An address that stands in a sentence, without what ends the sentence. */
function address(text: string): string {
  let end = text.length;
  while (".,;:!?'*_~)]".includes(text[end - 1] ?? "x")) end--;
  return text.slice(0, end);
}

/** A link has no link in it. */
function unlinked(part: Inline): Inline {
  if (part.kind === "link") return { kind: "em", children: part.children };
  return "children" in part ? { ...part, children: part.children.map(unlinked) } : part;
}
