import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

export function talking(desk) {
  describe('talking', () => {
    it('a message goes out of a form, and what comes of it is in the log', async () => {
      const reader = await desk.read('#/channel/room_chat');
      const { page } = reader;
      await reader.field('settings/path/room_name').fill('attic & cellar');
      await reader.connect();
      assert.equal(await page.locator('.connect .url').textContent(), `${desk.showcase.ws}/ws/room/attic%20%26%20cellar`);
      await reader.compose('room_chat');
      await reader.field('/payload/message').fill('Is anybody there?');
      await reader.field('/payload/status').selectOption({ label: 'DELIVERED' });
      await reader.send();

      const sent = await reader.frame('sent', 'room_chat', 'Is anybody there?');
      assert.match(await sent.locator('.preview').textContent(), /"status":"DELIVERED"/);
      const received = await reader.frame('received', 'room_notification', 'Is anybody there?');
      await received.locator('.fold').click();
      assert.match(await received.locator('.json').textContent(), /"room_name": "attic & cellar"/);
      assert.equal(await page.locator('.wire .badge.warn').count(), 0, 'a frame is not as the document says');
      await page.getByRole('button', { name: 'Disconnect' }).click();
      await page.getByText('Closed with 1000').first().waitFor();
    });

    it('an answer shows how long it took', async () => {
      const reader = await desk.read('#/channel/private');
      await reader.field('settings/token').fill(await desk.showcase.token('ada'));
      await reader.connect();
      await reader.compose('whoami');
      await reader.send();
      const identity = await reader.frame('received', 'identity', '"sub":"ada"');
      assert.match(await identity.locator('.numbers').textContent(), /\d ms .*\d B /);
      assert.doesNotMatch(await reader.page.locator('.frames').textContent(), /eyJ/, 'the token is in the log');
    });

    it('what the document does not allow is said where it is wrong, and not sent', async () => {
      const reader = await desk.read('#/channel/bench');
      const { page } = reader;
      await reader.connect();
      await reader.compose('echo');
      await reader.field('/payload/text').fill('');
      await reader.send();
      await reader.problem('/payload/text').waitFor();
      assert.equal(await reader.field('/payload/text').getAttribute('aria-invalid'), 'true');
      assert.match(await page.locator('.composer .failure').textContent(), /The document doesn't allow this frame/);
      assert.equal(await reader.frames('sent', 'echo').count(), 0);

      await page.getByRole('button', { name: 'Send anyway' }).click();
      await page.locator('.composer .failure', { hasText: 'The server refused it: invalid' }).waitFor();
      await reader.problem('/payload/text').waitFor();
      assert.equal(await reader.field('/payload/text').getAttribute('aria-invalid'), 'true');
      await reader.frame('sent', 'echo');
      await reader.frame('received', 'error', '/payload/text');

      await reader.field('/payload/text').fill('now with words');
      await page.locator('.composer .failure').waitFor({ state: 'detached' });
      assert.equal(await reader.field('/payload/text').getAttribute('aria-invalid'), 'false');
      await reader.send();
      await reader.frame('received', 'echo_reply', 'now with words');
    });

    it('a value that is none of an enum is refused where it stands', async () => {
      const reader = await desk.read('#/channel/room_chat');
      const { page } = reader;
      await reader.connect();
      await reader.compose('room_chat');
      await page.locator('.composer .tabs button', { hasText: 'JSON' }).click();
      await page.locator('#raw').fill('{"message": "hello", "room_name": null, "status": "LOST"}');
      await page.locator('.composer .tabs button', { hasText: 'Form' }).click();
      await reader.send();
      await reader.problem('/payload/status').waitFor();
      await page.getByRole('button', { name: 'Send anyway' }).click();
      await page.locator('.composer .failure', { hasText: 'The server refused it: invalid' }).waitFor();
      await reader.problem('/payload/status').waitFor();
      await reader.frame('received', 'error', '/payload/status');
    });

    it('a topic is subscribed to, and its events come', async () => {
      const reader = await desk.read('#/channel/topic_hub_room_topic');
      const { page } = reader;
      await reader.connect();
      const subscribe = page.locator('button:text-is("Subscribe")');
      await subscribe.click();
      await reader.problem('topic/room_name').waitFor();
      assert.equal(await reader.frames('sent', 'subscribe').count(), 0);
      await reader.field('topic/room_name').fill('kitchen');
      await subscribe.click();
      await reader.frame('received', 'subscribed', 'room:kitchen');
      await page.locator('[aria-label="Subscribed topics"] .url', { hasText: 'room:kitchen' }).waitFor();

      await reader.compose('post', 'room:{room_name}');
      assert.equal(await reader.field('/topic').inputValue(), 'room:kitchen');
      await reader.field('/payload/body').fill('The soup is ready');
      await reader.send();
      await reader.frame('received', 'room_event', 'The soup is ready');

      await page.getByRole('button', { name: 'Unsubscribe from room:kitchen' }).click();
      await reader.frame('received', 'unsubscribed', 'room:kitchen');
      assert.equal(await page.locator('[aria-label="Subscribed topics"]').count(), 0);
      assert.equal(await page.locator('.wire .badge.warn').count(), 0, 'a frame is not as the document says');
    });

    it('who has a name in the query is let into a lobby, and has back what was missed', async () => {
      const reader = await desk.read('#/channel/lounge_lobby_topic');
      const { page } = reader;
      const name = reader.field('settings/query/name');
      if (await name.evaluate((element) => element.tagName) === 'BUTTON') await name.click();
      await name.fill('ada');
      await reader.connect();
      await reader.field('topic/room_name').fill('hall');
      await page.locator('button:text-is("Subscribe")').click();
      await reader.frame('received', 'presence_state', 'ada');
      await reader.compose('post', 'lobby:{room_name}');
      await reader.field('/payload/body').fill('It remembers');
      await reader.send();
      await reader.frame('received', 'room_event', 'It remembers');
      await page.getByRole('button', { name: 'Unsubscribe from lobby:hall' }).click();
      await reader.frame('received', 'unsubscribed', 'lobby:hall');
      await page.getByRole('button', { name: 'Recover after 1' }).click();
      await reader.frame('sent', 'subscribe', '"recover"');
      await reader.frame('received', 'subscribed', '"recovered":true');
    });
  });
}
