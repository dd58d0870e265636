import { after, afterEach, before, describe } from 'node:test';
import { build, clean, Showcase } from '../e2e/showcase.js';
import { Browser } from './browser.js';
import { Reader } from './reader.js';
import { failing } from './suites/failing.js';
import { hostile } from './suites/hostile.js';
import { log } from './suites/log.js';
import { looks } from './suites/looks.js';
import { reading } from './suites/reading.js';
import { talking } from './suites/talking.js';

let browser;

before(async () => {
  build();
  browser = await Browser.start();
});
after(async () => {
  await browser?.stop();
  clean();
});

const everywhere = [reading, talking];
const once = [log, looks, failing, hostile];

for (const framework of ['chi', 'gin', 'echo', 'fiber']) {
  describe(framework, () => {
    let showcase;
    const open = [];
    const desk = {
      /** The showcase that is running. */
      get showcase() { return showcase; },
      /** Opens the page; what it must not do fails the test in the end. */
      async read(place, options) {
        const reader = await Reader.open(browser, showcase.http, place, options);
        open.push(reader);
        return reader;
      },
    };

    before(async () => {
      showcase = await Showcase.start('-framework', framework);
    });
    after(async () => {
      await showcase?.stop('SIGKILL');
    });
    afterEach(async () => {
      for (const reader of open.splice(0)) await reader.leave();
    });

    for (const suite of framework === 'chi' ? [...everywhere, ...once] : everywhere) suite(desk);
  });
}
