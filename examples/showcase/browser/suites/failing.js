import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

export function failing(desk) {
  describe('failing', () => {
    it('a document that is not to be had says so, and can be asked for again', async () => {
      let status = 401;
      const before = (page) => page.route('**/asyncapi.json', (route) => (status === 401 ? route.fulfill({ status, body: 'no' }) : route.continue()));
      const reader = await desk.read('#/channel/chat', { before });
      const { page } = reader;
      await page.getByRole('alert').getByText('401').waitFor();
      await reader.heading('The document could not be loaded');
      reader.expects(/status of 401/);
      status = 200;
      await page.getByRole('button', { name: 'Try again' }).click();
      await reader.heading('chat');
    });

    it('a handshake that is refused says so', async () => {
      const reader = await desk.read('#/channel/private');
      const { page } = reader;
      await reader.field('settings/token').fill('not.a.token');
      reader.expects(/WebSocket connection to .* failed/);
      await page.locator('.connect button.primary').click();
      await page.locator('.connect .failure', { hasText: 'Closed with 1006: refused or lost' }).waitFor();
      await reader.frame('connection', 'connection', 'Closed with 1006');
      assert.equal(await page.locator('.composer button.primary').isDisabled(), true);
    });

    it('a token that no subprotocol can have is refused before it is sent', async () => {
      const reader = await desk.read('#/channel/private');
      await reader.field('settings/token').fill('two words');
      await reader.page.locator('.connect button.primary').click();
      await reader.page.locator('[id="at:settings/token!"]', { hasText: "can't have a space" }).waitFor();
      assert.equal(await reader.page.locator('.wire').count(), 0);
    });

    it('a server that goes says so', async () => {
      const reader = await desk.read('#/channel/chat', {
        before: (page) => page.routeWebSocket(/ws\/chat/, (socket) => socket.onMessage(() => socket.close({ code: 1012, reason: 'a new version' }))),
      });
      await reader.connect();
      await reader.compose('ping');
      await reader.send();
      await reader.page.locator('.connect .failure', { hasText: 'Closed with 1012 “a new version”: the server restarts' }).waitFor();
    });
  });
}
