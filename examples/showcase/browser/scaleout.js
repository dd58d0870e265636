// The example with three processes and a worker: built once, started on free ports.

import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const patience = 30_000; // for all processes to be there, in milliseconds

export class Scaleout {
  /** Starts the example, with a NATS server of its own unless the flags say otherwise. */
  static async start(...flags) {
    const scaleout = new Scaleout();
    scaleout.folder = mkdtempSync(join(tmpdir(), 'scaleout-'));
    const program = join(scaleout.folder, 'scaleout');
    execFileSync('go', ['build', '-o', program, '../../scaleout'], { cwd: dirname(fileURLToPath(import.meta.url)), stdio: 'inherit' });
    scaleout.output = '';
    scaleout.process = spawn(program, ['-addr', '127.0.0.1:0', ...flags], { stdio: ['ignore', 'pipe', 'pipe'] });
    scaleout.process.stderr.on('data', (chunk) => { scaleout.output += chunk; });
    scaleout.ended = new Promise((resolve) => { scaleout.process.on('close', resolve); });
    scaleout.urls = {};
    let timer;
    await new Promise((resolve, reject) => {
      timer = setTimeout(() => reject(new Error(`scaleout is not ready: ${scaleout.output}`)), patience);
      createInterface({ input: scaleout.process.stdout }).on('line', (line) => {
        scaleout.output += `${line}\n`;
        const [, name, url] = /^process (\w):\s+(http\S+)/.exec(line) ?? [];
        if (name) scaleout.urls[name] = url;
        if (line.startsWith('supervisor:')) resolve();
      });
      void scaleout.ended.then((code) => reject(new Error(`scaleout ended with ${code}: ${scaleout.output}`)));
    }).finally(() => clearTimeout(timer));
    return scaleout;
  }

  /** Ends all processes, and returns the exit code. */
  async stop() {
    this.process.kill('SIGTERM');
    const code = await this.ended;
    rmSync(this.folder, { recursive: true, force: true });
    return code;
  }
}

/** The page of one of the processes. */
export class Room {
  static async open(browser, url, options) {
    const room = new Room();
    room.page = await browser.page(options);
    room.page.context().setDefaultTimeout(patience);
    await room.page.goto(url);
    for (const user of ['ada', 'bob', 'cleo']) await room.client(user).locator('.state[data-is=open]').waitFor();
    await room.heard('ada', '', { selector: '.chip', count: 3 });
    return room;
  }

  client(user) { return this.page.locator('.client', { has: this.page.locator('h3', { hasText: user }) }); }

  process(name) { return this.page.locator(`.process[data-name="${name}"]`); }

  async say(user, text) {
    await this.client(user).locator('.text').fill(text);
    await this.client(user).locator('.main').click();
  }

  /** Waits until a client shows a text, so many times. */
  async heard(user, text, { selector = '.entry', count = 1 } = {}) {
    const entries = this.client(user).locator(selector, text ? { hasText: text } : {});
    await entries.nth(count - 1).waitFor();
    const found = await entries.count();
    if (found !== count) throw new Error(`${user} shows ${found} of ${JSON.stringify(text)}, want ${count}`);
  }

  /** Has the supervisor do something to a process, and waits until it is so. */
  async act(name, action) {
    const card = this.process(name);
    await card.locator(`[data-action=${action}]`).click();
    await this.page.locator(`.process[data-name="${name}"][data-up="${action === 'start'}"]`).waitFor();
  }

  /** Asks all processes through ada, and returns the answer. */
  async ask(button) {
    const answer = this.page.locator('#answer');
    await answer.evaluate((element) => { element.textContent = ''; });
    await this.page.click(button);
    await this.page.waitForFunction(() => document.getElementById('answer').textContent !== '');
    return answer.textContent();
  }
}
