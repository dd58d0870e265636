// Builds page.html: one file that has the script and the style in it, the same bytes
// from the same source.
import { build } from "esbuild";
import { readFile, writeFile } from "node:fs/promises";
import { minify } from "terser";

const { outputFiles } = await build({
  entryPoints: ["src/main.tsx"],
  outdir: "out",
  write: false,
  bundle: true,
  minify: true,
  format: "iife",
  target: ["es2022"],
  tsconfigRaw: { compilerOptions: { jsx: "react", jsxFactory: "h", jsxFragmentFactory: "Fragment" } },
  inject: ["src/jsx.ts"],
  charset: "utf8",
  legalComments: "none",
});

const text = (ending) => outputFiles.find((file) => file.path.endsWith(ending)).text.trim();
// Names that compress better than esbuild's, and some that esbuild leaves alone. What is
// unsafe of it is so for programs that change JavaScript's own objects.
const { code: script } = await minify(text(".js"), {
  ecma: 2022,
  compress: { passes: 3, inline: false, keep_fargs: false, pure_getters: true, unsafe: true, unsafe_arrows: true },
  format: { comments: false },
});
const style = text(".css");

// What would end the element early, or change how its end is looked for.
for (const forbidden of ["</script", "<script", "<!--"]) {
  if (script.toLowerCase().includes(forbidden)) throw new Error(`the script contains ${forbidden}`);
}
if (/<\/style|@import|url\((?!["']?data:)/i.test(style)) throw new Error("the style ends early, or loads something");

const template = await readFile("src/page.html", "utf8");
const page = template.replace("{style}", () => style).replace("{script}", () => script);
await writeFile("page.html", page);
