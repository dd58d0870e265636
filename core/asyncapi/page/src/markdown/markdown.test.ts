import assert from "node:assert/strict";
import { test } from "node:test";
import { markdown, type Block } from "./block";
import { inline, safe, type Inline } from "./inline";

/** What a text is, in a notation that is short. */
const lines = (parts: readonly Inline[]): string =>
  parts
    .map((part) => {
      switch (part.kind) {
        case "text":
          return part.text;
        case "break":
          return "⏎";
        case "code":
          return `code(${part.text})`;
        case "link":
          return `link(${part.url}|${lines(part.children)})`;
        default:
          return `${part.kind}(${lines(part.children)})`;
      }
    })
    .join("");

const blocks = (found: readonly Block[]): string =>
  found
    .map((block) => {
      switch (block.kind) {
        case "heading":
          return `h${block.level}(${lines(block.children)})`;
        case "paragraph":
          return `p(${lines(block.children)})`;
        case "code":
          return `pre:${block.language}(${block.text})`;
        case "quote":
          return `quote(${blocks(block.blocks)})`;
        case "list":
          return `list${block.start ?? ""}(${block.items.map(blocks).join("; ")})`;
        case "table":
          return `table(${[block.head, ...block.rows].map((row) => row.map(lines).join(", ")).join("; ")})`;
        case "rule":
          return "rule";
      }
    })
    .join(" ");

const inlines: [string, string][] = [
  ["plain", "plain"],
  ["*a* and _b_", "em(a) and em(b)"],
  ["**a** and __b__", "strong(a) and strong(b)"],
  ["***a***", "strong(em(a))"],
  ["**a *b* c**", "strong(a em(b) c)"],
  ["~~a~~", "del(a)"],
  ["snake_case_name and 2 * 3 * 4", "snake_case_name and 2 * 3 * 4"],
  ["`a*b*` ``c`d``", "code(a*b*) code(c`d)"],
  ["` `` `", "code(``)"],
  ["`open", "`open"],
  ["\\*a\\*", "*a*"],
  ["a  \nb\\\nc\nd", "a⏎b⏎c\nd"],
  ["[a](https://example.com/x_(y))", "link(https://example.com/x_(y)|a)"],
  ['[a](<b> "title")', "link(b|a)"],
  ["[*a* [b](c)](#/d)", "link(#/d|em(a) em(b))"],
  ["![a](b.png)", "link(b.png|a)"],
  ["see https://example.com/a_b, or <mailto:a@example.com>.", "see link(https://example.com/a_b|https://example.com/a_b), or link(mailto:a@example.com|a@example.com)."],
  ["[a](javascript:alert)", "[a](javascript:alert)"],
  ["<img src=x onerror=alert(1)>", "<img src=x onerror=alert(1)>"],
  ["</script><b>x</b>", "</script><b>x</b>"],
  ["a ** b", "a ** b"],
  ["[a]", "[a]"],
  ["", ""],
];

test("the parts of a line", async (t) => {
  for (const [text, want] of inlines) {
    await t.test(text, () => assert.equal(lines(inline(text)), want));
  }
});

const texts: [string, string][] = [
  ["a\nb\n\nc", "p(a\nb) p(c)"],
  ["# A #\n## B\ntext", "h1(A) h2(B) p(text)"],
  ["A\n---\nB", "p(A) rule p(B)"],
  ["#not", "p(#not)"],
  ["```go\nx := *y\n\n# z\n```\nafter", "pre:go(x := *y\n\n# z) p(after)"],
  ["~~~\nopen", "pre:(open)"],
  ["> a\n> > b\nlazy\n\nc", "quote(p(a) quote(p(b\nlazy))) p(c)"],
  ["- a\n- b\n  - c\n\n  d\n\nafter", "list(p(a); p(b) list(p(c)) p(d)) p(after)"],
  ["3. a\n4. b", "list3(p(a); p(b))"],
  ["a\n- b", "p(a) list(p(b))"],
  ["a\n2. b", "p(a\n2. b)"],
  ["- a\n\n- b", "list(p(a); p(b))"],
  ["* a\n- b", "list(p(a)) list(p(b))"],
  ["***\n- - -", "rule rule"],
  ["| a | b |\n|---|:-:|\n| 1 | x \\| y |\n| 2 |\n\nend", "table(a, b; 1, x | y; 2, ) p(end)"],
  ["a | b", "p(a | b)"],
  ["<div>\n<b>x</b>", "p(<div>\n<b>x</b>)"],
  ["a\r\nb\rc", "p(a\nb\nc)"],
  ["", ""],
];

test("the blocks of a text", async (t) => {
  for (const [text, want] of texts) await t.test(text, () => assert.equal(blocks(markdown(text)), want));
});

test("only harmless addresses are links", () => {
  const harmless = ["https://a.example", "HTTP://a.example", "mailto:a@b", "#/channel/a", "/a:b", "a/b?c:d", "//a.example", "../a"];
  for (const url of harmless) assert.equal(safe(url), url);
  const harmful = ["javascript:a", "JavaScript:a", "java\nscript:a", "\u0001javascript:a", " data:text/html,a", "vbscript:a", "file:///a", "blob:a", "x:y", "\\\tjavascript:a", ""];
  for (const url of harmful) assert.equal(safe(url), undefined, JSON.stringify(url));
});

test("no text takes long", () => {
  const many = 20_000;
  const parts = ["*a ", "**a ", "_a ", "~~a ", "`a ", "``a `", "[", "![", "[a](", "[a](b", "<http:", "https://....", "> ", "- ", "# ", " ", "\\", "|", "a  \n", "- a\n", "1. a\n", "    - a\n", "> a\n", "|-|\n", "(((", "***a** ", "#", "```\n"];
  for (const part of parts) {
    const start = performance.now();
    markdown(part.repeat(many));
    markdown("a" + part.repeat(many) + "b");
    const took = performance.now() - start;
    assert.ok(took < 2000, `${JSON.stringify(part)}: ${Math.round(took)} ms`);
  }
});

test("deep nesting ends", () => {
  for (const part of ["> ", "- ", "*a **b ", "["]) markdown(part.repeat(5000) + "x" + "]".repeat(5000));
});
