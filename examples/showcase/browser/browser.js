// A real browser, and pages of it that note what they must not do: ask another
// host for something, break the page's policy, or complain.

import { accessSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { chromium } from 'playwright-core';

/** Finds the browser that the system has. */
function executable() {
  const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
  const found = [process.env.CHROMIUM, ...process.env.PATH.split(delimiter).flatMap((folder) => names.map((name) => join(folder, name)))];
  for (const path of found) {
    try {
      if (path) accessSync(path);
      if (path) return path;
    } catch { /* the next one */ }
  }
  throw new Error('there is no Chromium: install it (Debian: apt-get install chromium), or say where it is in CHROMIUM');
}

export class Browser {
  static async start() {
    const browser = new Browser();
    browser.browser = await chromium.launch({
      executablePath: executable(),
      args: [
        '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--force-color-profile=srgb',
        '--disable-background-networking', '--disable-component-update', '--disable-sync',
      ],
    });
    return browser;
  }

  /** Opens a page, with nothing kept from others. */
  async page(options = {}) {
    const context = await this.browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
    context.setDefaultTimeout(10_000);
    const page = await context.newPage();
    const problems = [];
    const hosts = new Set();
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) problems.push(`${message.type()}: ${message.text()}`);
    });
    page.on('pageerror', (error) => problems.push(`uncaught: ${error.stack ?? error}`));
    page.on('dialog', (dialog) => { problems.push(`dialog: ${dialog.message()}`); void dialog.dismiss(); });
    page.on('request', (request) => { if (/^(http|ws)/.test(request.url())) hosts.add(new URL(request.url()).host); });
    page.on('websocket', (socket) => hosts.add(new URL(socket.url()).host));
    return Object.assign(page, { problems, hosts });
  }

  async stop() {
    await this.browser?.close();
  }
}
