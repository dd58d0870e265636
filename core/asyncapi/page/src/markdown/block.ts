import { inline, type Inline } from "./inline";

/** Block is a part of a text of Markdown. HTML in it is text. */
export type Block =
  | { readonly kind: "heading"; readonly level: number; readonly children: readonly Inline[] }
  | { readonly kind: "paragraph"; readonly children: readonly Inline[] }
  | { readonly kind: "code"; readonly language: string; readonly text: string }
  | { readonly kind: "quote"; readonly blocks: readonly Block[] }
  | { readonly kind: "list"; readonly start: number | undefined; readonly items: readonly (readonly Block[])[] }
  | { readonly kind: "table"; readonly head: readonly Cell[]; readonly rows: readonly (readonly Cell[])[] }
  | { readonly kind: "rule" };

export type Cell = readonly Inline[];

const deepest = 8;

const fence = /^ {0,3}(`{3,}|~{3,})\s*([^`]*)$/;
const heading = /^ {0,3}(#{1,6})(?:[ \t]|$)/;
const rule = /^ {0,3}(?:(?:\*[ \t]*){3,}|(?:-[ \t]*){3,}|(?:_[ \t]*){3,})$/;
const quote = /^ {0,3}> ?/;
const item = /^( {0,3})([-*+]|\d{1,9}[.)])( {1,4}|\t|$)/;
const divider = /^ {0,3}\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$/;

/** markdown reads a text: the usual of CommonMark, and tables. It never throws. */
export function markdown(text: string): Block[] {
  return blocks(text.replace(/\r\n?/g, "\n").split("\n"), 0);
}

function blocks(lines: readonly string[], depth: number): Block[] {
  const found: Block[] = [];
  let at = 0;
  while (at < lines.length) {
    const [block, next] = one(lines, at, depth);
    if (block) found.push(block);
    at = next;
  }
  return found;
}

/** One block, and the line after it. */
function one(lines: readonly string[], at: number, depth: number): [Block | undefined, number] {
  const line = lines[at] ?? "";
  if (!line.trim()) return [undefined, at + 1];
  if (fence.test(line)) return fenced(lines, at);
  const title = heading.exec(line);
  if (title) return [{ kind: "heading", level: title[1]?.length ?? 1, children: inline(titleOf(line)) }, at + 1];
  if (rule.test(line)) return [{ kind: "rule" }, at + 1];
  if (depth < deepest && quote.test(line)) return quoted(lines, at, depth);
  if (depth < deepest && item.test(line)) return listed(lines, at, depth);
  if (line.includes("|") && divider.test(lines[at + 1] ?? "") && (lines[at + 1] ?? "").includes("-")) return tabled(lines, at);
  return paragraph(lines, at, depth);
}

/** The text of a heading: without the marks before it and after it. */
function titleOf(line: string): string {
  const text = line.trim().replace(/^#+/, "").trim();
  let end = text.length;
  while (text[end - 1] === "#") end--;
  return end === 0 || /\s/.test(text[end - 1] ?? "") ? text.slice(0, end).trim() : text;
}

function paragraph(lines: readonly string[], start: number, depth: number): [Block, number] {
  const text = [(lines[start] ?? "").trimStart()];
  let at = start + 1;
  for (; at < lines.length && !interrupts(lines[at] ?? "", depth); at++) {
    text.push((lines[at] ?? "").trimStart());
  }
  return [{ kind: "paragraph", children: inline(text.join("\n").trimEnd()) }, at];
}

/** Whether a line ends the paragraph before it. */
function interrupts(line: string, depth: number): boolean {
  if (!line.trim() || fence.test(line) || heading.test(line) || rule.test(line)) return true;
  const starts = item.exec(line);
  const lists = starts !== null && line.trim() !== starts[2] && !/^\d/.test(starts[2] ?? "");
  return depth < deepest && (quote.test(line) || lists || /^ {0,3}1[.)] /.test(line));
}

function fenced(lines: readonly string[], start: number): [Block, number] {
  const [, mark = "```", language = ""] = fence.exec(lines[start] ?? "") ?? [];
  const text: string[] = [];
  let at = start + 1;
  for (; at < lines.length; at++) {
    const line = (lines[at] ?? "").trim();
    if (line.startsWith(mark) && !line.replaceAll(mark[0] ?? "`", "")) break;
    text.push(lines[at] ?? "");
  }
  return [{ kind: "code", language: language.trim(), text: text.join("\n") }, at + 1];
}

function quoted(lines: readonly string[], start: number, depth: number): [Block, number] {
  const inner: string[] = [];
  let at = start;
  for (; at < lines.length; at++) {
    const line = lines[at] ?? "";
    if (!quote.test(line) && (!line.trim() || interrupts(line, depth))) break;
    inner.push(line.replace(quote, ""));
  }
  return [{ kind: "quote", blocks: blocks(inner, depth + 1) }, at];
}

function listed(lines: readonly string[], start: number, depth: number): [Block, number] {
  const mark = item.exec(lines[start] ?? "")?.[2] ?? "-";
  const kind = mark.slice(-1);
  const items: Block[][] = [];
  let at = start;
  for (;;) {
    const match = item.exec(lines[at] ?? "");
    if (!match || match[2]?.slice(-1) !== kind || rule.test(lines[at] ?? "")) break;
    const [inner, next] = itemLines(lines, at, match[0].length, depth);
    items.push(blocks(inner, depth + 1));
    at = next;
  }
  return [{ kind: "list", start: /^\d/.test(mark) ? parseInt(mark, 10) : undefined, items }, at];
}

/** The lines of an item without their indent, and the line after it. */
function itemLines(lines: readonly string[], start: number, indent: number, depth: number): [string[], number] {
  const inner = [(lines[start] ?? "").slice(indent)];
  let blank = false;
  let at = start + 1;
  for (; at < lines.length; at++) {
    const line = lines[at] ?? "";
    const indented = /^\s*/.exec(line)?.[0].length ?? 0;
    if (!line.trim()) {
      blank = true;
    } else if (indented < Math.min(indent, 2) && (blank || interrupts(line, depth) || item.test(line))) {
      break;
    } else {
      blank = false;
    }
    inner.push(line.slice(Math.min(indent, indented)));
  }
  return [inner, at];
}

function tabled(lines: readonly string[], start: number): [Block, number] {
  const head = cells(lines[start] ?? "");
  const rows: Cell[][] = [];
  let at = start + 2;
  for (; at < lines.length && (lines[at] ?? "").includes("|"); at++) {
    const row = cells(lines[at] ?? "");
    rows.push(head.map((_, column) => row[column] ?? []));
  }
  return [{ kind: "table", head, rows }, at];
}

function cells(line: string): Cell[] {
  const inner = line.trim().replace(/^\|/, "").replace(/\|$/, "");
  return inner.split(/(?<!\\)\|/).map((cell) => inline(cell.replaceAll("\\|", "|").trim()));
}
