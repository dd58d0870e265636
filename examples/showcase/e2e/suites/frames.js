import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Client, refusal } from '../client.js';

// Frames that are answered with an error, which carries the ref where there is
// one to read; the connection goes on.
const refused = [
  ['not JSON', 'hello', undefined, 'malformed'],
  ['not an object', '[1]', undefined, 'malformed'],
  ['no action', '{"ref":"1"}', '1', 'malformed'],
  ['a name twice', '{"ref":"1","action":"echo","action":"echo"}', undefined, 'malformed'],
  ['unknown action', '{"ref":"2","action":"fly"}', '2', 'unknown_action'],
  ['no payload', '{"ref":"3","action":"echo"}', '3', 'invalid', '/payload', 'required'],
  ['a member missing', '{"ref":"4","action":"echo","payload":{}}', '4', 'invalid', '/payload/text', 'required'],
  ['another case', '{"ref":"5","action":"echo","payload":{"Text":"x"}}', '5', 'invalid', '/payload/text', 'required'],
  ['wrong type', '{"ref":"6","action":"echo","payload":{"text":1}}', '6', 'invalid', '/payload/text', 'type'],
  ['too short', '{"ref":"7","action":"echo","payload":{"text":""}}', '7', 'invalid', '/payload/text', 'min_length'],
  ['another version', '{"ref":"8","action":"ping","version":2}', '8', 'unsupported_version'],
  ['a topic', '{"ref":"9","action":"subscribe","topic":"room:a"}', '9', 'unknown_topic'],
];

export function frames(running) {
  describe('frames', () => {
    for (const [name, text, ref, reason, path, code] of refused) {
      it(`${name}: ${reason}`, async () => {
        const client = await Client.connect(`${running().ws}/ws/bench`);
        client.send(text);
        const frame = await client.next();
        assert.equal(frame.action, 'error', JSON.stringify(frame));
        assert.equal(frame.payload.reason, reason);
        assert.ok(frame.payload.detail);
        if (ref !== undefined) assert.equal(frame.ref, ref);
        if (path) {
          assert.deepEqual(frame.payload.errors.map((e) => [e.path, e.code]), [[path, code]]);
        }
        await client.expectNothing();
        await client.close();
      });
    }

    it('every violation is told', async () => {
      const client = await Client.connect(`${running().ws}/ws/room/errors`);
      const { frame } = await client.request('room_chat', { status: 'LOST', room_name: 7 });
      assert.deepEqual(frame.payload.errors.map((e) => `${e.path} ${e.code}`).sort(), [
        '/payload/message required', '/payload/room_name type', '/payload/status enum',
      ]);
      await client.close();
    });

    it('binary: closed with 1003', async () => {
      const client = await Client.connect(`${running().ws}/ws/bench`);
      client.socket.send(Buffer.from([1, 2, 3]));
      await client.expectClose(1003);
    });

    it('too large: closed with 1009', async () => {
      const client = await Client.connect(`${running().ws}/ws/system`);
      client.send({ action: 'user_message', payload: { message: 'x'.repeat(70_000) } });
      await client.expect({ action: 'system_echo', payload: { message: 'Connected to the system' } });
      await client.expectClose(1009);
    });

    it('a foreign page is refused with 403', async () => {
      const { status } = await refusal(`${running().ws}/ws/system`, { origin: 'https://elsewhere.example' });
      assert.equal(status, 403);
      const { ws, http } = running().one;
      const client = await Client.connect(`${ws}/ws/system`, { origin: http });
      await client.close();
    });

    it('plain HTTP is asked to upgrade', async () => {
      const response = await fetch(`${running().http}/ws/system`);
      assert.equal(response.status, 426);
      assert.equal(response.headers.get('upgrade'), 'websocket');
    });

    it('an unknown route is 404', async () => {
      assert.equal((await refusal(`${running().ws}/ws/nothing`)).status, 404);
    });
  });
}
