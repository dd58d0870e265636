import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

export function reading(desk) {
  describe('reading', () => {
    it('finds a message by its words, with nothing but the keyboard', async () => {
      const reader = await desk.read();
      const { page } = reader;
      await reader.heading('chanx showcase');
      await page.keyboard.press('/');
      await reader.until(() => document.activeElement.role === 'combobox');
      await page.keyboard.type('room chat');
      const search = page.locator('[role=combobox]');
      await page.locator('#hits [role=option]').first().waitFor();
      assert.equal(await search.getAttribute('aria-activedescendant'), 'hit-0');

      const hits = await page.locator('#hits [role=option]').evaluateAll((all) => all.map((hit) => [...hit.children].map((part) => part.textContent)));
      const wanted = hits.findIndex(([kind, title]) => kind === 'message' && title === 'room_chat');
      assert.ok(wanted > 0, JSON.stringify(hits));
      for (let i = 0; i < wanted; i++) await page.keyboard.press('ArrowDown');
      assert.equal(await page.locator('#hits [aria-selected=true]').getAttribute('id'), `hit-${wanted}`);
      await page.keyboard.press('Enter');

      await page.locator('#message-room_chat.here').waitFor();
      assert.equal(reader.place(), '#/channel/room_chat/message/room_chat');
      assert.match(await page.title(), /^room_chat · /);
      await page.keyboard.press('Escape');
      assert.equal(await search.inputValue(), '');
    });

    it('says so where nothing is found', async () => {
      const reader = await desk.read();
      await reader.page.locator('[role=combobox]').fill('no such thing');
      await reader.page.getByText('Nothing has all of these words.').waitFor();
      assert.equal(await reader.page.locator('#hits').count(), 0);
    });

    it('a deep link leads to its place, and back leads back', async () => {
      const reader = await desk.read('#/channel/chat/message/chat_notification');
      const { page } = reader;
      await page.locator('#message-chat_notification.here').waitFor();
      await reader.until(() => {
        const { top, bottom } = document.getElementById('message-chat_notification').getBoundingClientRect();
        return top >= 0 && top < innerHeight && bottom > 0;
      });
      await page.locator('.contents a', { hasText: /^system$/ }).click();
      await reader.heading('system');
      assert.equal(reader.place(), '#/channel/system');
      await page.goBack();
      await page.locator('#message-chat_notification.here').waitFor();
      await reader.heading('chat');

      await reader.go('#/schema/RoomMessage');
      await reader.heading('RoomMessage');
      await reader.go('#/channel/nowhere');
      await reader.heading('Not in the document');
    });

    it('has every channel, message and schema of the document', async () => {
      const reader = await desk.read();
      const document = await (await fetch(`${desk.showcase.http}/asyncapi.json`)).json();
      for (const [id, { messages }] of Object.entries(document.channels)) {
        await reader.go(`#/channel/${id}`);
        await reader.page.locator('.contents [aria-current=page]').first().waitFor();
        await reader.until((name) => location.hash === `#/channel/${name}` && document.title.startsWith(`${name} · `), id);
        for (const framework of await reader.page.locator('details.framework > summary').all()) await framework.click();
        await reader.page.locator('section.message').nth(Object.keys(messages).length - 1).waitFor();
        const shown = await reader.page.locator('section.message').evaluateAll((all) => all.map((card) => card.id));
        assert.deepEqual(shown.sort(), Object.keys(messages).map((message) => `message-${message}`).sort(), id);
      }
      for (const name of Object.keys(document.components.schemas)) {
        await reader.go(`#/schema/${name}`);
        await reader.heading(name);
      }
    });
  });
}
