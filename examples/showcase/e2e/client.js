// A WebSocket client to test with: what it waits for comes, or the test fails
// with what came instead.

import assert from 'node:assert/strict';
import WebSocket from 'ws';
import { documentOf } from './document.js';

const patience = 10_000; // of each wait, in milliseconds

const open = new Set(); // clients whose connection has not ended

/** What was held against documents, of all clients. */
export const held = { frames: 0, faults: [] };

export class Client {
  constructor(socket, exchange) {
    open.add(this);
    this.socket = socket;
    this.exchange = exchange; // with the document, which knows each frame
    this.frames = []; // received, and not looked at yet
    this.seen = []; // all that were received, for error messages
    this.waiting = null;
    this.refs = 0;
    socket.on('message', (data) => {
      const frame = JSON.parse(data);
      this.seen.push(frame);
      this.frames.push(frame);
      this.exchange.received(frame);
      this.hold();
      this.waiting?.();
    });
    this.closed = new Promise((resolve) => {
      socket.on('close', (code, reason) => {
        open.delete(this);
        this.end = { code, reason: String(reason) };
        resolve(this.end);
        this.waiting?.();
      });
    });
    socket.on('error', () => {}); // 'close' follows
  }

  /** Connects; a refusal is an error with the status. */
  static async connect(url, { protocols = [], ...options } = {}) {
    const document = await documentOf(url);
    const socket = new WebSocket(url, protocols, { handshakeTimeout: patience, ...options });
    const client = new Client(socket, document.follow(url));
    return new Promise((resolve, reject) => {
      socket.on('open', () => resolve(client));
      socket.on('error', reject);
      socket.on('unexpected-response', (_, response) => {
        let body = '';
        response.on('data', (chunk) => { body += chunk; });
        response.on('end', () => {
          reject(Object.assign(new Error(`refused with ${response.statusCode}: ${body}`), {
            status: response.statusCode, headers: response.headers, body,
          }));
        });
      });
    });
  }

  /** Sends a message, or text as it is. */
  send(message) {
    const text = typeof message === 'string' ? message : JSON.stringify(message);
    this.exchange.sent(text);
    this.hold();
    this.socket.send(text);
  }

  /** Counts a frame, and keeps what the document disagrees with. */
  hold() {
    held.frames += 1;
    held.faults.push(...this.exchange.faults.splice(0));
  }

  /** Waits for the next frame. */
  async next() {
    if (this.frames.length === 0 && !this.end) {
      await within(new Promise((resolve) => { this.waiting = resolve; }), () => `no frame came; before: ${this.story()}`);
      this.waiting = null;
    }
    if (this.frames.length === 0) {
      assert.fail(`the connection was closed with ${JSON.stringify(this.end)}; before: ${this.story()}`);
    }
    return this.frames.shift();
  }

  /** Waits for the next frame, which must be the one given. */
  async expect(frame) {
    const came = await this.next();
    assert.deepEqual(came, frame, `before: ${this.story()}`);
    return came;
  }

  /** Sends a message, to a topic if one is given, with a ref of its own, and returns the frame with that ref; others come before it. */
  async request(action, payload, topic) {
    this.refs += 1;
    const ref = `r${this.refs}`;
    this.send({ topic, ref, action, payload }); // JSON leaves out what is undefined
    const frames = [];
    for (;;) {
      const frame = await this.next();
      if (frame.ref === ref) return { frame, before: frames };
      frames.push(frame);
    }
  }

  /** Makes sure that nothing has come up to now: the server answers in order. */
  async expectNothing() {
    const { frame, before } = await this.request('ping');
    assert.equal(frame.action, 'pong');
    assert.deepEqual(before, []);
  }

  /** Waits for the end of the connection. */
  async expectClose(code) {
    const end = await within(this.closed, () => `the connection stays open; before: ${this.story()}`);
    assert.equal(end.code, code, JSON.stringify(end));
    return end.reason;
  }

  /** Closes the connection from this side. */
  async close() {
    this.socket.close(1000);
    await within(this.closed, () => 'the server does not answer the close frame').finally(() => this.socket.terminate());
  }

  /** Ends what a failed test has left open. */
  static endAll() {
    for (const client of open) client.socket.terminate();
  }

  story() {
    return this.seen.map((frame) => JSON.stringify(frame)).join(' ') || 'nothing';
  }
}

/** Tries to connect and returns the refusal. */
export async function refusal(url, options) {
  let client;
  try {
    client = await Client.connect(url, options);
  } catch (error) {
    if (error.status) return error;
    throw error;
  }
  client.socket.terminate();
  return assert.fail(`${url} was accepted`);
}

/** Waits for a promise, but not forever. */
export async function within(promise, complaint) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(complaint())), patience);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
