import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Browser } from './browser.js';
import { Room, Scaleout } from './scaleout.js';

describe('the page of scaleout', () => {
  let browser;
  let scaleout;
  let room;
  const everybody = ['ada', 'bob', 'cleo'];

  before(async () => {
    scaleout = await Scaleout.start();
    browser = await Browser.start();
    room = await Room.open(browser, scaleout.urls.A);
  });
  after(async () => {
    await browser?.stop();
    assert.equal(await scaleout?.stop(), 0, scaleout?.output);
  });

  it('shows who serves whom', async () => {
    assert.equal(await room.page.textContent('#self'), 'A');
    for (const [i, user] of everybody.entries()) {
      assert.equal(await room.client(user).locator('.pick[aria-pressed=true]').textContent(), 'ABC'[i]);
    }
    for (const name of ['A', 'B', 'C']) await room.process(name).locator('dd', { hasText: 'connected for' }).waitFor();
    for (const name of ['worker', 'broker']) await room.page.locator(`.process[data-name=${name}][data-up=true]`).waitFor();
  });

  it('carries messages, waves and jobs', async () => {
    await room.say('bob', 'Hello from B');
    await room.client('cleo').locator('button.wave').click();
    for (const user of everybody) {
      await room.heard(user, 'Hello from B');
      await room.heard(user, 'waves to everybody');
    }
    await room.client('ada').locator('.text').fill('stressed');
    await room.client('ada').locator('button.job').click();
    await room.heard('ada', 'stressed → desserts');
    assert.equal(await room.client('bob').locator('.entry', { hasText: 'desserts' }).count(), 0);
  });

  it('asks all processes', async () => {
    assert.match(await room.ask('#count'), /^3 connections: 1 at A, 1 at B, 1 at C\. 3 processes answered A/);
    assert.match(await room.ask('#who'), /^3 connected: ada at A, bob at B, cleo at C\. 3 processes/);
  });

  it('brings a client back through another process, with what it has missed', async () => {
    await room.act('B', 'kill');
    await room.say('ada', 'Where is B?');
    await room.heard('bob', 'Served by');
    await room.client('bob').locator('.entry.good', { hasText: /^Recovered/ }).waitFor();
    await room.heard('bob', 'Where is B?');
    await room.act('B', 'start');
    await room.client('bob').locator('.pick', { hasText: 'B' }).click();
    await room.client('bob').locator('.entry.good', { hasText: 'nothing was missed' }).waitFor();
    await room.say('bob', 'Back again');
    for (const user of everybody) await room.heard(user, 'Back again');
  });

  it('goes on while the server between the processes is away', async () => {
    await room.act('broker', 'stop');
    await room.process('A').locator('.bad dd').waitFor();
    await room.client('ada').locator('button.wave').click();
    await room.heard('ada', 'waves to everybody', { count: 2 });
    await room.client('ada').locator('.entry.bad').first().waitFor();
    await room.act('broker', 'start');
    for (const name of ['A', 'B', 'C']) await room.process(name).locator('.good dd').waitFor();
    await room.say('cleo', 'All together');
    for (const user of everybody) await room.heard(user, 'All together');
  });

  it('disconnects a user everywhere, for good', async () => {
    assert.match(await room.ask('#disconnect'), /^1 connection of cleo ended/);
    await room.heard('cleo', 'Put out: disconnected by ada');
    assert.equal(await room.client('cleo').locator('.state').textContent(), 'put out');
    await room.client('cleo').locator('.pick', { hasText: 'A' }).click();
    await room.client('cleo').locator('.state[data-is=open]').waitFor();
  });

  it('does not scroll sideways where it is narrow', async () => {
    await room.page.setViewportSize({ width: 360, height: 740 });
    assert.equal(await room.page.evaluate(() => document.documentElement.scrollWidth - innerWidth), 0);
  });

  it('talks to its own processes alone, and has nothing to complain about', () => {
    const own = new Set(Object.values(scaleout.urls).map((url) => new URL(url).host));
    const others = [...room.page.hosts].filter((host) => !own.has(host));
    assert.equal(others.length, 1, `the supervisor, and ${others}`);
    const gone = /ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE/; // B, when it was killed
    assert.deepEqual(room.page.problems.filter((text) => !gone.test(text)), []);
  });
});
