import { after, before, describe } from 'node:test';
import { build, clean, Showcase } from './showcase.js';
import { frames } from './suites/frames.js';
import { http } from './suites/http.js';
import { lounge } from './suites/lounge.js';
import { page } from './suites/page.js';
import { program } from './suites/program.js';
import { rooms } from './suites/rooms.js';
import { sockets } from './suites/sockets.js';
import { tokens } from './suites/tokens.js';
import { topics } from './suites/topics.js';

describe('showcase', () => {
  let showcase;
  const running = () => showcase;

  before(async () => {
    build();
    showcase = await Showcase.start();
  });
  after(async () => {
    await showcase?.stop();
    clean();
  });

  for (const suite of [rooms, sockets, frames, topics, lounge, tokens, http, page, program]) {
    suite(running);
  }
});
