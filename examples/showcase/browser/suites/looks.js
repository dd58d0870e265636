import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

const narrow = { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true };

export function looks(desk) {
  describe('looks', () => {
    const theme = ({ page }) => page.evaluate(() => document.documentElement.dataset.theme);
    const background = ({ page }) => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor + getComputedStyle(document.body).backgroundColor);

    for (const system of ['light', 'dark']) {
      it(`is ${system} as the system is, until one chooses`, async () => {
        const other = system === 'light' ? 'dark' : 'light';
        const reader = await desk.read('', { colorScheme: system });
        await reader.heading('chanx showcase');
        assert.equal(await theme(reader), system);
        const first = await background(reader);
        await reader.page.getByRole('button', { name: `Switch to ${other} colours` }).click();
        await reader.until((name) => document.documentElement.dataset.theme === name, other);
        assert.notEqual(await background(reader), first);
        await reader.page.reload();
        await reader.heading('chanx showcase');
        assert.equal(await theme(reader), other);
      });
    }

    it('has a drawer and a switch where it is narrow', async () => {
      const reader = await desk.read('', narrow);
      const { page } = reader;
      await reader.heading('chanx showcase');
      const menu = page.locator('.top button');
      const search = page.locator('[role=combobox]');
      assert.equal(await menu.getAttribute('aria-expanded'), 'false');
      await search.waitFor({ state: 'hidden' });
      await menu.tap();
      await search.waitFor();
      assert.equal(await menu.getAttribute('aria-expanded'), 'true');
      await page.keyboard.press('Escape');
      await search.waitFor({ state: 'hidden' });
      await menu.tap();
      await page.locator('.contents a', { hasText: /^room_chat$/ }).first().tap();
      await reader.heading('room_chat');
      await search.waitFor({ state: 'hidden' });

      const connect = page.locator('.connect button.primary');
      assert.equal(await connect.isVisible(), false);
      await page.locator('.switch button', { hasText: 'Console' }).tap();
      await reader.connect();
      await reader.compose('room_chat');
      await reader.field('/payload/message').fill('from a telephone');
      await page.locator('.composer button.primary').tap();
      await reader.frame('received', 'room_notification', 'from a telephone');
      await page.locator('.switch button', { hasText: 'Reference' }).tap();
      await page.locator('#message-room_chat').waitFor();
      assert.equal(await page.locator('.composer').isVisible(), false);
      await page.locator('#message-room_chat .try').first().tap();
      await reader.field('/payload/message').waitFor();
    });

    it('does not scroll sideways, wherever one is', async () => {
      const reader = await desk.read('', narrow);
      await reader.heading('chanx showcase');
      const wide = () => document.documentElement.scrollWidth - innerWidth;
      assert.equal(await reader.page.evaluate(wide), 0);
      for (const place of ['#/channel/lounge_lobby_topic', '#/channel/private', '#/channel/room_chat', '#/schema/SubscribedPayload']) {
        await reader.go(place);
        await reader.until((id) => document.title.startsWith(id), place.split('/').pop());
        assert.equal(await reader.page.evaluate(wide), 0, place);
        const console = reader.page.locator('.switch button', { hasText: 'Console' });
        if (await console.count() === 0) continue;
        await console.tap();
        await reader.page.locator('.connect').waitFor();
        assert.equal(await reader.page.evaluate(wide), 0, `the console of ${place}`);
      }
    });

    it('needs no pointer', async () => {
      const reader = await desk.read();
      const { page } = reader;
      await reader.heading('chanx showcase');
      /** Presses Tab until what has the focus matches. */
      const tabTo = async (selector) => {
        for (let i = 0; i < 60; i++) {
          await page.keyboard.press('Tab');
          if (await page.evaluate((wanted) => document.activeElement.matches(wanted), selector)) return;
        }
        assert.fail(`Tab never leads to ${selector}`);
      };
      await page.keyboard.press('Tab');
      assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Skip to the content');
      await page.keyboard.press('Enter');
      await reader.until(() => document.activeElement.matches('h1'));
      await page.reload();
      await reader.heading('chanx showcase');

      await tabTo('[role=combobox]');
      await page.keyboard.type('bench');
      await page.locator('#hits [role=option]').first().waitFor();
      await page.keyboard.press('ArrowUp'); // around, to the last one
      await page.keyboard.press('ArrowDown');
      await page.keyboard.press('Enter');
      await reader.heading('bench');
      await tabTo('.connect button.primary');
      const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
      assert.notEqual(outline, 'none', 'one does not see where one is');
      await page.keyboard.press('Enter');
      await page.locator('.live.open').waitFor();
      await tabTo('[id="at:/payload/text"]');
      await page.keyboard.press('Control+A');
      await page.keyboard.type('typed');
      await page.keyboard.press('Control+Enter');
      await reader.frame('received', 'echo_reply', 'typed');
      await tabTo('.wire .fold');
      await page.keyboard.press('Enter');
      await page.locator('.wire .detail').waitFor();
    });
  });
}
