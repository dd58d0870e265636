import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { held } from './client.js';
import { build, clean, Showcase } from './showcase.js';
import { frames } from './suites/frames.js';
import { http } from './suites/http.js';
import { lounge } from './suites/lounge.js';
import { page } from './suites/page.js';
import { flags, signals } from './suites/program.js';
import { rooms } from './suites/rooms.js';
import { sockets } from './suites/sockets.js';
import { tokens } from './suites/tokens.js';
import { topics } from './suites/topics.js';

before(build);
after(clean);

for (const framework of ['chi', 'gin', 'echo', 'fiber']) {
  describe(framework, () => {
    let showcase;
    const running = () => showcase;

    before(async () => {
      showcase = await Showcase.start('-framework', framework);
    });
    after(async () => {
      await showcase?.stop('SIGKILL');
    });

    for (const suite of [rooms, sockets, frames, topics, lounge, tokens, http, page]) suite(running);
    signals(() => ['-framework', framework]);

    it('has a document that every frame was as it says', () => {
      assert.deepEqual(held.faults.splice(0), []);
      assert.ok(held.frames > 500, `${held.frames} frames`);
      held.frames = 0;
    });

    it('has said nothing but where it listens, and ends', async () => {
      assert.deepEqual(await showcase.stop(), { code: 0, signal: null });
      assert.equal(showcase.errors, '');
      assert.equal(showcase.output, `showcase listens on ${showcase.http}\n`);
    });
  });
}

flags();
