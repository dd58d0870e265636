// Builds page.html: one file that has the script and the style in it, the same bytes
// from the same source.
import { build } from "esbuild";
import { readFile, writeFile } from "node:fs/promises";

const { outputFiles } = await build({
  entryPoints: ["src/main.tsx"],
  outdir: "out",
  write: false,
  bundle: true,
  minify: true,
  format: "iife",
  target: ["es2022"],
  jsx: "automatic",
  jsxImportSource: "preact",
  charset: "utf8",
  legalComments: "none",
});

const text = (ending) => outputFiles.find((file) => file.path.endsWith(ending)).text.trim();
const script = text(".js");
const style = text(".css");

// What would end the element early, or change how its end is looked for.
for (const forbidden of ["</script", "<script", "<!--"]) {
  if (script.toLowerCase().includes(forbidden)) throw new Error(`the script contains ${forbidden}`);
}
if (/<\/style|@import|url\((?!["']?data:)/i.test(style)) throw new Error("the style ends early, or loads something");

const template = await readFile("src/page.html", "utf8");
const page = template.replace("{style}", () => style).replace("{script}", () => script);
await writeFile("page.html", page);
