import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { Client } from '../client.js';

/** What holds across processes that can be told apart. */
export function processes(running) {
  const each = (path) => Promise.all(running().all.map(({ ws }) => Client.connect(ws + path)));

  describe('processes', () => {
    afterEach(() => {
      Client.endAll();
      return running().idle();
    });

    it('say how the layer is', async () => {
      for (const { http } of running().all) {
        const { status, layer } = await (await fetch(`${http}/healthz`)).json();
        assert.equal(status, 'ok');
        assert.deepEqual({ ...layer, since: '' }, { connected: true, since: '', outages: 0, failed: 0, lost: 0 });
        assert.ok(Math.abs(Date.now() - Date.parse(layer.since)) < 600_000, layer.since);
      }
    });

    it('carry messages once, both ways, in order', async () => {
      const clients = await each('/ws/bench/room/across');
      for (let seq = 0; seq < 100; seq += 1) {
        for (const [t, client] of clients.entries()) client.send({ action: 'publish', payload: { seq, t, text: 'x' } });
      }
      for (const client of clients) {
        const next = clients.map(() => 0);
        for (let i = 0; i < 200; i += 1) {
          const { action, payload: { seq, t } } = await client.next();
          assert.equal(action, 'published');
          assert.equal(seq, next[t], `of ${t}`);
          next[t] += 1;
        }
        await client.expectNothing();
        await client.close();
      }
    });

    it('give a client that comes back through the other one what it has missed', async () => {
      const [here, there] = running().all;
      const bob = await Client.connect(`${here.ws}/ws/lounge?name=Bob`);
      const { frame: { payload: at } } = await bob.request('subscribe', undefined, 'lobby:moving');
      await bob.close();
      for (let i = 0; i < 5; i += 1) {
        const { status } = await running().publish('lobby:moving', { action: 'room_event', payload: { body: `${i}` } });
        assert.equal(status, 202);
      }
      const back = await Client.connect(`${there.ws}/ws/lounge?name=Bob`);
      const { frame } = await back.request('subscribe', { recover: { seq: at.seq, epoch: at.epoch } }, 'lobby:moving');
      assert.equal(frame.payload.recovered, true);
      for (let i = 0; i < 5; i += 1) {
        const { seq, payload } = await back.next();
        assert.deepEqual({ seq, body: payload.body }, { seq: at.seq + i + 1, body: `${i}` });
      }
      await back.close();
    });

    it('know who is online through either', async () => {
      const [watchers, topic] = [await each('/ws/topics'), 'presence:zoe'];
      for (const watcher of watchers) await watcher.request('subscribe', undefined, topic);
      const hear = async (online) => {
        for (const watcher of watchers) {
          await watcher.expect({ version: 1, topic, action: 'presence_changed', payload: { user: 'zoe', online } });
        }
      };
      const [first, second] = running().all.map(({ ws }) => `${ws}/ws/lounge?name=Zoe`);
      const phone = await Client.connect(first);
      await hear(true);
      const laptop = await Client.connect(second);
      await laptop.expectNothing();
      await phone.close();
      for (const watcher of watchers) await watcher.expectNothing();
      await laptop.close();
      await hear(false);
    });
  });
}
