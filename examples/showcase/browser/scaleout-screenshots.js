// Takes the pictures of the page of scaleout that docs/images has: B was killed while
// people talked, and its client is back through another process.

import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Browser } from './browser.js';
import { Room, Scaleout } from './scaleout.js';

const folder = join(dirname(fileURLToPath(import.meta.url)), '../../../docs/images');
const names = { light: 'scaleout.png', dark: 'scaleout-dark.png' };
const rooms = { light: 'lobby', dark: 'garden' };

async function picture(browser, scaleout, colorScheme) {
  const options = { viewport: { width: 1280, height: 920 }, colorScheme, reducedMotion: 'reduce', deviceScaleFactor: 1 };
  const room = await Room.open(browser, `${scaleout.urls.A}/?room=${rooms[colorScheme]}`, options);
  await room.say('ada', 'Good morning, everybody');
  await room.heard('bob', 'Good morning, everybody');
  await room.say('bob', 'Good morning from B');
  await room.heard('cleo', 'Good morning from B');
  await room.client('cleo').locator('button.wave').click();
  await room.heard('ada', 'waves to everybody');
  await room.client('ada').locator('.text').fill('stressed');
  await room.client('ada').locator('button.job').click();
  await room.heard('ada', 'stressed → desserts');
  await room.act('B', 'kill');
  await room.say('ada', 'B was killed: is bob still there?');
  await room.client('bob').locator('.entry.good', { hasText: /^Recovered/ }).waitFor();
  await room.say('bob', 'Yes, and nothing was missed');
  await room.heard('cleo', 'Yes, and nothing was missed');
  await room.page.waitForFunction(() => [...document.querySelectorAll('[data-name=C] dd')].some((dd) => dd.textContent === '2'));
  await room.ask('#who');
  await room.page.evaluate(() => { document.activeElement.blur(); scrollTo(0, 0); });
  await room.page.screenshot({ path: join(folder, names[colorScheme]) });
  await room.page.context().close();
  const next = await browser.page();
  await next.goto(scaleout.urls.A);
  await next.locator('[data-name=B] [data-action=start]').click();
  await next.locator('[data-name=B][data-up=true]').waitFor();
  await next.context().close();
}

let browser;
let scaleout;
try {
  scaleout = await Scaleout.start();
  browser = await Browser.start();
  for (const scheme of Object.keys(names)) await picture(browser, scaleout, scheme);
} finally {
  await browser?.stop();
  await scaleout?.stop();
}
