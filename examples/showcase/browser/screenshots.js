// Takes the pictures of the documentation page that docs/images has: a room of the
// showcase, in which two people talk.

import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, clean, Showcase } from '../e2e/showcase.js';
import { Browser } from './browser.js';
import { Reader } from './reader.js';

const folder = join(dirname(fileURLToPath(import.meta.url)), '../../../docs/images');
const sizes = { wide: { width: 1440, height: 900 }, narrow: { width: 390, height: 844 } };

/** Says something in the room, as the page does. */
async function say(reader, text) {
  await reader.field('/payload/message').fill(text);
  await reader.send();
  await reader.frame('received', 'room_notification', text);
}

async function picture(browser, http, size, colorScheme) {
  const options = { viewport: sizes[size], colorScheme, reducedMotion: 'reduce', deviceScaleFactor: 1 };
  const reader = await Reader.open(browser, http, '#/channel/room_chat', options);
  const { page } = reader;
  if (size === 'narrow') await page.locator('.switch button', { hasText: 'Console' }).click();
  await reader.connect();
  await reader.compose('room_chat');
  await say(reader, 'Who has the salt?');

  const guest = await Reader.open(browser, http, '#/channel/room_chat');
  await guest.connect();
  await guest.compose('room_chat');
  await say(guest, 'Here, catch!');
  await reader.frame('received', 'room_notification', 'Here, catch!');
  await reader.field('/payload/message').fill('Thanks');
  await page.evaluate(() => { document.activeElement.blur(); scrollTo(0, 0); });
  await page.screenshot({ path: join(folder, `page-${size}-${colorScheme}.png`) });
  await guest.leave();
  await reader.leave();
}

let browser;
let showcase;
try {
  build();
  mkdirSync(folder, { recursive: true });
  showcase = await Showcase.start();
  browser = await Browser.start();
  for (const size of Object.keys(sizes)) {
    for (const scheme of ['light', 'dark']) await picture(browser, showcase.http, size, scheme);
  }
} finally {
  await browser?.stop();
  await showcase?.stop();
  clean();
}
