// The alternative page, which has AsyncAPI's own React component.

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Browser } from './browser.js';
import { Reader } from './reader.js';

const folder = mkdtempSync(join(tmpdir(), 'reactpage-'));
let program;
let browser;
let http;

before(async () => {
  const built = join(folder, 'show');
  execFileSync('go', ['build', '-o', built, './internal/show'], {
    cwd: join(dirname(fileURLToPath(import.meta.url)), '../../../core/asyncapi/reactpage'),
    stdio: 'inherit',
  });
  program = spawn(built, { stdio: ['ignore', 'pipe', 'inherit'] });
  http = await new Promise((resolve, reject) => {
    createInterface({ input: program.stdout }).once('line', resolve);
    program.once('close', (code) => reject(new Error(`the program ended with ${code}`)));
  });
  browser = await Browser.start();
});
after(async () => {
  await browser?.stop();
  program?.kill();
  rmSync(folder, { recursive: true, force: true });
});

it('the React component shows the document, and asks nobody else', async () => {
  const reader = await Reader.open(browser, http);
  const { page } = reader;
  const shown = (text) => page.getByText(text).locator('visible=true').first().waitFor();
  for (const text of ['Oracle 1.0.0', '/ws/oracle', 'Ask the oracle']) await shown(text);
  const expand = page.getByText('Expand all').locator('visible=true');
  for (let left = await expand.count(); left > 0; left--) await expand.first().click();
  await shown('What to ask');
  assert.equal(await page.title(), 'Oracle');
  await reader.leave();
});
