// The documents of this repository.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../../..', import.meta.url));

const elsewhere = new Set([
  '.git',
  'node_modules',
  'core/cmd/chanx/testdata', // written by hand, for the command line: some are wrong on purpose
  'examples/showcase/testdata/chanx-sample.asyncapi.json', // another program's
]);

/** Returns every document in the repository that comes of code: what has `asyncapi` at its root. */
export function committed(folder = root) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    const name = relative(root, path).replaceAll('\\', '/');
    if (elsewhere.has(entry.name) || elsewhere.has(name)) return [];
    if (entry.isDirectory()) return committed(path);
    if (!entry.isFile() || !/\.(json|ya?ml)$/.test(entry.name)) return [];
    const text = readFileSync(path, 'utf8');
    return /^asyncapi:|^\{\s*"asyncapi"\s*:/m.test(text) ? [{ name, text }] : [];
  });
}

/** Returns the document that the showcase writes now, as JSON and as YAML. */
export function written() {
  const folder = mkdtempSync(join(tmpdir(), 'documents-'));
  try {
    return ['showcase.json', 'showcase.yaml'].map((name) => {
      const path = join(folder, name);
      execFileSync('go', ['run', './examples/showcase', '-asyncapi', path], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
      return { name: `written now: ${name}`, text: readFileSync(path, 'utf8') };
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
