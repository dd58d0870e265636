import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Client } from '../client.js';

const notification = (message, room_name, status = 'PENDING') => ({
  action: 'room_notification', payload: { message, room_name, status },
});

export function rooms(running) {
  describe('rooms', () => {
    const enter = (room) => Client.connect(`${running().ws}/ws/room/${encodeURIComponent(room)}`);

    it('shows two clients in one room each other\'s messages', async () => {
      const ada = await enter('kitchen');
      const bob = await enter('kitchen');
      await ada.expect(notification('Somebody joined the room', 'kitchen'));

      bob.send({ action: 'room_chat', payload: { message: 'Hi' } });
      await ada.expect(notification('Hi', 'kitchen'));
      await bob.expect(notification('Hi', 'kitchen'));
      ada.send({ action: 'room_chat', payload: { message: 'Hello', room_name: 'elsewhere', status: 'DELIVERED' } });
      await bob.expect(notification('Hello', 'kitchen', 'DELIVERED'));
      await ada.expect(notification('Hello', 'kitchen', 'DELIVERED'));

      await bob.close();
      await ada.expect(notification('Somebody left the room', 'kitchen'));
      await ada.close();
    });

    it('keeps rooms apart, whatever their names', async () => {
      const names = ['a', 'a b', 'a/b', 'café', '100%', '%2F', 'a+b', 'room:a', '🚪'];
      const clients = await Promise.all(names.map(enter));
      for (const [i, client] of clients.entries()) {
        client.send({ action: 'room_chat', payload: { message: `in ${names[i]}` } });
      }
      for (const [i, client] of clients.entries()) {
        await client.expect(notification(`in ${names[i]}`, names[i]));
        await client.expectNothing();
        await client.close();
      }
    });

    it('takes a plus in the path for a plus', async () => {
      const client = await Client.connect(`${running().ws}/ws/room/a+b`);
      client.send({ action: 'room_chat', payload: { message: 'Hi' } });
      await client.expect(notification('Hi', 'a+b'));
      await client.close();
    });

    it('delivers to everybody in order', async () => {
      const clients = await Promise.all(Array.from({ length: 10 }, () => Client.connect(`${running().ws}/ws/bench/room/order`)));
      for (let seq = 0; seq < 50; seq += 1) {
        clients[0].send({ action: 'publish', payload: { seq, t: 1, text: 'x' } });
      }
      for (const client of clients) {
        for (let seq = 0; seq < 50; seq += 1) {
          const frame = await client.next();
          assert.deepEqual(frame, { action: 'published', payload: { seq, t: 1, text: 'x' } });
        }
        await client.close();
      }
    });
  });
}
