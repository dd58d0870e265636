// A reader of the documentation page: what a person does there, and sees.

import assert from 'node:assert/strict';

export class Reader {
  /** Opens the page at a place of it, such as "#/channel/chat". */
  static async open(browser, http, place = '', options = {}) {
    const reader = new Reader(await browser.page(options), http);
    await options.before?.(reader.page);
    await reader.page.goto(`${http}/asyncapi${place}`);
    return reader;
  }

  constructor(page, http) {
    this.page = page;
    this.http = http;
    this.expected = [];
  }

  /** Allows one complaint of the browser, which has to come. */
  expects(pattern) {
    this.expected.push(pattern);
  }

  /** Leaves, and holds against the page what it should not have done. */
  async leave() {
    const { problems, hosts } = this.page;
    const missing = this.expected.filter((pattern) => {
      const at = problems.findIndex((problem) => pattern.test(problem));
      if (at >= 0) problems.splice(at, 1);
      return at < 0;
    });
    await this.page.context().close();
    assert.deepEqual(problems, [], 'the browser complains');
    assert.deepEqual(missing, [], 'the browser does not complain');
    assert.deepEqual([...hosts], [new URL(this.http).host], 'another host is asked');
  }

  /** Goes to another place of the page. */
  async go(place) {
    await this.page.evaluate((hash) => { location.hash = hash; }, place);
  }

  place() {
    return decodeURIComponent(new URL(this.page.url()).hash);
  }

  heading(text) {
    return this.page.locator('h1', { hasText: text }).waitFor();
  }

  /** The field of a path, such as "/payload/text" or "settings/token". */
  field(path) {
    return this.page.locator(`[id="at:${path}"]`);
  }

  /** What is said to be wrong with that field. */
  problem(path) {
    return this.page.locator(`[id="at:${path}!"]`);
  }

  /** Connects as the settings are. */
  async connect() {
    await this.page.locator('.connect button.primary').click();
    await this.page.locator('.live.open, .connect .failure, .connect .problem').first().waitFor();
    assert.deepEqual(await this.page.locator('.connect .failure, .connect .problem').allTextContents(), [], this.place());
    await this.page.locator('.live.open').waitFor();
  }

  /** Chooses the message to compose: by its name, and where there are topics by that of its pattern. */
  async compose(name, pattern = '') {
    const select = this.page.locator('.composer .choice select');
    const options = await select.locator('option').allTextContents();
    const at = options.findIndex((text) => text === name || (text.startsWith(`${name} ·`) && text.endsWith(pattern)));
    assert.ok(at >= 0, `${name} is not among ${options.join(', ')}`);
    await select.selectOption(String(at));
  }

  async send() {
    await this.page.locator('.composer button.primary').click();
  }

  /** The rows of the log of that kind: sent, received or connection. */
  frames(direction, action, text = '') {
    const { page } = this;
    const exactly = (words) => new RegExp(`^${words}$`);
    return page.locator('.wire')
      .filter({ has: page.locator('.first > .hidden', { hasText: exactly(direction) }) })
      .filter({ has: page.locator('.action', { hasText: exactly(action) }) })
      .filter({ hasText: text });
  }

  /** Waits until the log has exactly one such frame. */
  async frame(direction, action, text) {
    const found = this.frames(direction, action, text);
    await found.first().waitFor();
    assert.equal(await found.count(), 1, `${direction} ${action} ${text ?? ''}`);
    return found;
  }

  /** Waits until something is true of the page. */
  until(condition, argument) {
    return this.page.waitForFunction(condition, argument);
  }
}
