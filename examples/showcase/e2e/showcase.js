// The program under test: built once, started as often as needed on a free port.

import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const folder = mkdtempSync(join(tmpdir(), 'showcase-'));
const program = join(folder, 'showcase');

/** Builds the program; the first time takes a while. */
export function build() {
  execFileSync('go', ['build', '-o', program, '.'], {
    cwd: dirname(dirname(fileURLToPath(import.meta.url))),
    stdio: 'inherit',
  });
}

/** Removes what was built. */
export function clean() {
  rmSync(folder, { recursive: true, force: true });
}

/** A run of the program with the given flags. */
export class Showcase {
  constructor(...flags) {
    this.output = '';
    this.errors = '';
    this.process = spawn(program, flags, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.process.stderr.on('data', (chunk) => { this.errors += chunk; });
    this.ended = new Promise((resolve) => {
      this.process.on('close', (code, signal) => resolve({ code, signal }));
    });
    this.url = new Promise((resolve, reject) => {
      createInterface({ input: this.process.stdout }).on('line', (line) => {
        this.output += `${line}\n`;
        const found = /^showcase listens on (http:\S+)$/.exec(line);
        if (found) resolve(found[1]);
      });
      this.ended.then(({ code }) => reject(new Error(`showcase ended with ${code}: ${this.errors}`)));
    });
    this.url.catch(() => {}); // who waits for the url gets it all the same
  }

  /** Starts the program and waits until it listens. */
  static async start(...flags) {
    const showcase = new Showcase('-addr', '127.0.0.1:0', ...flags);
    showcase.http = await showcase.url;
    showcase.ws = showcase.http.replace(/^http/, 'ws');
    return showcase;
  }

  /** Sends a signal and waits for the end. */
  async stop(signal = 'SIGTERM') {
    this.process.kill(signal);
    return this.ended;
  }

  /** One process, for what is to be asked of the same one. */
  get one() { return this; }

  /** Publishes an event to a group over HTTP. */
  async publish(group, body) {
    const response = await fetch(`${this.http}/events/${encodeURIComponent(group)}`, {
      method: 'POST',
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
    const text = await response.text();
    return { status: response.status, body: text === '' ? null : JSON.parse(text) };
  }

  /** Waits until the last connection has gone, and all that its going brings. */
  async idle() {
    const deadline = Date.now() + 10_000;
    for (;;) {
      const { connections } = await (await fetch(`${this.http}/healthz`)).json();
      if (connections === 0) return;
      if (Date.now() > deadline) throw new Error(`${connections} connections stay open`);
      await new Promise((resolve) => { setTimeout(resolve, 5); });
    }
  }

  /** Gets a token for the private socket. */
  async token(name) {
    const response = await fetch(`${this.http}/token?sub=${encodeURIComponent(name)}`);
    return (await response.json()).token;
  }
}

const settled = 100; // until what goes from one process to another has come, in milliseconds

/** Two runs of the program that a layer connects, as clients see them: each connection goes to the other one. */
export class Showcases {
  static async start(...flags) {
    const showcases = new Showcases();
    showcases.all = await Promise.all([Showcase.start(...flags), Showcase.start(...flags)]);
    showcases.turns = 0;
    return showcases;
  }

  get next() {
    this.turns += 1;
    return this.all[this.turns % this.all.length];
  }

  get one() { return this.next; }

  get ws() { return this.next.ws; }

  get http() { return this.next.http; }

  publish(group, body) { return this.next.publish(group, body); }

  token(name) { return this.next.token(name); }

  /** Waits until the last connection has gone, and all have heard of it. */
  async idle() {
    await Promise.all(this.all.map((showcase) => showcase.idle()));
    await new Promise((resolve) => { setTimeout(resolve, settled); });
  }

  /** Sends a signal to both, and waits for their ends. */
  stop(signal) { return Promise.all(this.all.map((showcase) => showcase.stop(signal))); }
}
