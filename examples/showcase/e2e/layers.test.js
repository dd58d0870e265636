// The showcase as two processes that a layer connects: what holds for one holds for
// clients on different processes too.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { held } from './client.js';
import { Server } from './servers.js';
import { build, clean, Showcases } from './showcase.js';
import { frames } from './suites/frames.js';
import { http } from './suites/http.js';
import { lounge } from './suites/lounge.js';
import { outage } from './suites/outage.js';
import { page } from './suites/page.js';
import { processes } from './suites/processes.js';
import { signals } from './suites/program.js';
import { rooms } from './suites/rooms.js';
import { sockets } from './suites/sockets.js';
import { tokens } from './suites/tokens.js';
import { topics } from './suites/topics.js';

before(build);
after(clean);

for (const [kind, framework] of [['redis', 'chi'], ['nats', 'fiber']]) {
  describe(`two processes on ${kind}, with ${framework}`, () => {
    let server;
    let showcases;
    const running = () => showcases;
    const flags = () => ['-framework', framework, '-layer', server.url];

    before(async () => {
      server = await Server.start(kind);
      showcases = await Showcases.start(...flags());
    });
    after(async () => {
      await showcases?.stop('SIGKILL');
      await server?.stop();
    });

    for (const suite of [rooms, sockets, frames, topics, lounge, tokens, http, page, processes]) suite(running);
    signals(flags);
    outage(kind, framework);

    it('has a document that every frame was as it says', () => {
      assert.deepEqual(held.faults.splice(0), []);
      assert.ok(held.frames > 500, `${held.frames} frames`);
      held.frames = 0;
    });

    it('has said nothing but where it listens, and ends', async () => {
      for (const end of await showcases.stop()) assert.deepEqual(end, { code: 0, signal: null });
      for (const showcase of showcases.all) {
        assert.equal(showcase.errors, '');
        assert.equal(showcase.output, `showcase listens on ${showcase.http}\n`);
      }
    });
  });
}
