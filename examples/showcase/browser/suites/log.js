import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';

export function log(desk) {
  describe('the log', () => {
    /** A connection to /ws/bench on which each of these was said, and repeated. */
    const after = async (...texts) => {
      const reader = await desk.read('#/channel/bench');
      await reader.connect();
      await reader.compose('echo');
      for (const text of texts) await say(reader, text);
      return reader;
    };
    const say = async (reader, text) => {
      await reader.field('/payload/text').fill(text);
      await reader.send();
      await reader.frame('received', 'echo_reply', JSON.stringify(text));
    };
    const tool = ({ page }, name) => page.locator('.frames .bar button', { hasText: new RegExp(`^${name}$`) });
    const rows = async (reader, count) => {
      await reader.until((wanted) => document.querySelectorAll('.wire').length === wanted, count);
    };

    it('shows those frames that one asks for', async () => {
      const reader = await after('apples', 'pears');
      const { page } = reader;
      await rows(reader, 6); // two of the connection
      await page.getByLabel('Only frames with').fill('APPLES');
      await rows(reader, 2);
      await page.getByLabel('Only of this direction').selectOption({ label: 'received' });
      await rows(reader, 1);
      await reader.frame('received', 'echo_reply', 'apples');
      await page.getByLabel('Only frames with').fill('');
      await page.getByLabel('Only of this direction').selectOption({ label: 'all' });
      await page.getByLabel('Only with this action').selectOption({ label: 'echo' });
      await rows(reader, 2);
      await page.getByLabel('Only frames with').fill('plums');
      await page.getByText('No frame is like that.').waitFor();
    });

    it('holds still while it is paused, and starts anew when cleared', async () => {
      const reader = await after('before');
      const { page } = reader;
      await tool(reader, 'Pause').click();
      await reader.field('/payload/text').fill('meanwhile');
      await reader.send();
      await page.locator('.frames .hint', { hasText: '2 held back' }).waitFor();
      assert.equal(await page.locator('.wire').count(), 4);
      await tool(reader, 'Resume').click();
      await reader.frame('received', 'echo_reply', 'meanwhile');
      await rows(reader, 6);
      await tool(reader, 'Clear').click();
      await rows(reader, 0);
      await page.getByText('Frames show up here.').waitFor();
      await say(reader, 'after');
      await rows(reader, 2);
    });

    it('is saved as JSON Lines, as it is shown', async () => {
      const reader = await after('one', 'two "quoted" \\ lines');
      const { page } = reader;
      const lines = async () => {
        const [download] = await Promise.all([page.waitForEvent('download'), tool(reader, 'Export').click()]);
        assert.equal(download.suggestedFilename(), 'frames.jsonl');
        const text = await readFile(await download.path(), 'utf8');
        assert.ok(text.endsWith('\n'));
        return text.trimEnd().split('\n').map((line) => JSON.parse(line));
      };
      const all = await lines();
      assert.deepEqual(all.map(({ direction }) => direction), ['system', 'system', 'sent', 'received', 'sent', 'received']);
      for (const { time } of all) assert.equal(new Date(time).toISOString(), time);
      const [, , , , sent, received] = all;
      assert.deepEqual(sent.frame, { ref: '2', action: 'echo', payload: { text: 'two "quoted" \\ lines' } });
      assert.deepEqual(received.frame, { ref: '2', action: 'echo_reply', payload: { text: 'two "quoted" \\ lines' } });
      assert.ok(received.latency >= 0 && received.size > 0);

      await page.getByLabel('Only of this direction').selectOption({ label: 'sent' });
      await rows(reader, 2);
      assert.deepEqual((await lines()).map(({ frame }) => frame.payload.text), ['one', 'two "quoted" \\ lines']);
    });

    it('what was sent is sent again, or edited first', async () => {
      const reader = await after('encore');
      const { page } = reader;
      await (await reader.frame('sent', 'echo')).locator('.fold').click();
      await page.locator('.detail button', { hasText: 'Send again' }).click();
      await reader.until(() => document.querySelectorAll('.wire').length === 6);
      const answers = reader.frames('received', 'echo_reply', 'encore');
      assert.equal(await answers.count(), 2);
      assert.deepEqual(await answers.locator('.ref').allTextContents(), ['#1', '#2']);

      await reader.compose('ping');
      await page.locator('.detail button', { hasText: 'Edit' }).click();
      await reader.field('/payload/text').waitFor();
      assert.equal(await reader.field('/payload/text').inputValue(), 'encore');
      await say(reader, 'another piece');
      await (await reader.frame('received', 'echo_reply', 'another piece')).locator('.fold').click();
      await page.locator('.detail button', { hasText: 'Show the request' }).click();
      await (await reader.frame('sent', 'echo', 'another piece')).locator('.detail').waitFor();
    });

    it('stays with the address while one reads elsewhere', async () => {
      const reader = await after('still there');
      await reader.go('#/channel/chat');
      await reader.heading('chat');
      assert.equal(await reader.page.locator('.wire').count(), 0);
      await reader.page.goBack();
      await reader.frame('received', 'echo_reply', 'still there');
      await reader.page.locator('.live.open').waitFor();
    });
  });
}
