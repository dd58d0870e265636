import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { poison, poisonedDocument } from '../poison.js';

/** What the page must have none of: it has one script, and nothing that asks for more. */
function harm() {
  const found = [...document.querySelectorAll('img, iframe, object, embed, base, form[action], script, a[href], [srcdoc], [style*=url]')]
    .filter((element) => !(element.matches('body > script') && element.previousElementSibling?.matches('noscript')))
    .filter((element) => !(element.matches('a') && /^(https?:|mailto:)$/.test(element.protocol)))
    .map((element) => element.outerHTML.slice(0, 200));
  const handlers = [...document.querySelectorAll('*')].flatMap((element) => element.getAttributeNames().filter((attribute) => attribute.startsWith('on')));
  return { found, handlers, hacked: window.hacked, violations: window.violations };
}

const harmless = { found: [], handlers: [], hacked: undefined, violations: [] };

/** Opens all that can be opened, until nothing more can. */
async function openAll(page) {
  await page.evaluate(async () => {
    for (let round = 0; round < 12; round++) {
      const closed = [
        ...[...document.querySelectorAll('main details:not([open]) > summary')],
        ...[...document.querySelectorAll('main .expand[aria-expanded=false]')],
        ...[...document.querySelectorAll('.wire .fold[aria-expanded=false]')],
      ];
      if (!closed.length) return;
      for (const each of closed) each.click();
      await new Promise((done) => { requestAnimationFrame(() => requestAnimationFrame(done)); });
    }
  });
}

export function hostile(desk) {
  describe('a document that means harm', () => {
    const read = async () => {
      const made = poisonedDocument(await (await fetch(`${desk.showcase.http}/asyncapi.json`)).json());
      const reader = await desk.read('', {
        before: async (page) => {
          await page.addInitScript(() => {
            window.violations = [];
            addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) => window.violations.push(`${violatedDirective} ${blockedURI}`));
          });
          await page.route('**/asyncapi.json', (route) => route.fulfill({ json: made }));
        },
      });
      return { reader, made };
    };
    const check = async ({ page }, where) => {
      await openAll(page);
      assert.deepEqual(await page.evaluate(harm), harmless, where);
      const text = await page.locator('body').innerText();
      assert.ok(text.includes('</script><img src=x onerror="window.hacked=1">'), `${where}: the text isn't there as text`);
    };

    it('would be found where it got through', async () => {
      const { reader } = await read();
      await reader.heading('chanx showcase');
      await reader.page.evaluate(() => {
        const link = document.querySelector('main').appendChild(document.createElement('a'));
        link.href = 'javascript:window.hacked=7';
        link.append(document.createElement('img'));
        window.hacked = 1;
      });
      const { found, hacked } = await reader.page.evaluate(harm);
      assert.equal(found.length, 2);
      assert.equal(hacked, 1);
    });

    it('stays text wherever it is read', async () => {
      const { reader, made } = await read();
      await reader.heading('chanx showcase');
      await check(reader, 'the overview');
      for (const [id, { messages }] of Object.entries(made.channels)) {
        await reader.go(`#/channel/${encodeURIComponent(id)}`);
        await reader.until((name) => document.title.startsWith(name), id);
        await check(reader, id);
        const cards = await reader.page.locator('section.message').count();
        assert.equal(cards, Object.keys(messages).length, id);
        const [message] = Object.keys(messages);
        await reader.go(`#/channel/${encodeURIComponent(id)}/message/${encodeURIComponent(message)}`);
        await reader.page.locator('section.message.here').waitFor();
      }
      for (const name of Object.keys(made.components.schemas)) {
        await reader.go(`#/schema/${encodeURIComponent(name)}`);
        await reader.until((wanted) => document.title.startsWith(wanted), name);
        await check(reader, name);
      }
    });

    it('stays text where it is found', async () => {
      const { reader } = await read();
      const search = reader.page.locator('[role=combobox]');
      for (const words of ['onerror', '<img', poison, 'Everything', 'chat']) {
        await search.fill(words);
        await reader.page.locator('#hits [role=option] mark').first().waitFor();
        await check(reader, words);
      }
      await reader.go(`#/channel/${encodeURIComponent(poison)}`);
      await reader.heading('Not in the document');
      await check(reader, 'a place that is not there');
    });

    it('stays text in the console, and so does what the server sends', async () => {
      const { reader, made } = await read();
      const { page } = reader;
      await page.routeWebSocket(/./, (socket) => {
        const action = `pong ${poison}`;
        socket.onMessage((text) => {
          const { ref } = JSON.parse(text);
          socket.send(text);
          socket.send(JSON.stringify({ action, ref, topic: poison, payload: { [poison]: poison } }));
          socket.send(poison);
          socket.send(JSON.stringify({
            ref, action: 'error', topic: poison,
            payload: { reason: poison, detail: poison, errors: [{ path: `/${poison}`, code: poison, message: poison }] },
          }));
        });
        socket.send(JSON.stringify({ action, payload: poison }));
      });
      await page.reload(); // which the route is there before
      for (const [id, channel] of Object.entries(made.channels)) {
        if (!channel.address.startsWith('/ws/') || channel['x-topic']) continue;
        await reader.go(`#/channel/${encodeURIComponent(id)}`);
        await reader.until((name) => document.title.startsWith(name), id);
        for (const empty of await page.locator('.connect input[id*="/path/"]').all()) await empty.fill(poison);
        await reader.connect();
        await reader.frames('received', '.*', 'onerror').first().waitFor();
        const select = page.locator('.composer .choice select');
        const messages = await select.locator('option').count();
        for (let at = 0; at < messages; at++) {
          await select.selectOption(String(at));
          await reader.send();
          const anyway = page.locator('button:text-is("Send anyway")');
          await page.locator('.composer .failure').first().waitFor();
          if (await anyway.count()) await anyway.click();
          await page.locator('.composer .failure', { hasText: 'The server refused it' }).waitFor();
          await check(reader, `${id}, message ${at}`);
        }
        await page.getByRole('button', { name: 'Disconnect' }).click();
        await page.locator('.live.closed').waitFor();
        const add = page.locator('.connect .add button');
        for (let left = await add.count(); left > 0; left--) await add.first().click();
        await page.locator('.connect button.primary').click();
        await page.locator('.connect .failure, .connect .problem, .live.open').first().waitFor();
        await check(reader, `${id}, with all that can be set`);
      }
    });
  });
}
