import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { Client, refusal } from '../client.js';

const on = (topic, action, payload = null, more = {}) => ({ version: 1, topic, ...more, action, payload });
const member = (name) => ({ key: name.toLowerCase(), info: { name } });
const state = (topic, ...names) => on(topic, 'presence_state', { members: names.map(member) });

export function lounge(running) {
  const enter = (name) => Client.connect(`${running().ws}/ws/lounge${name ? `?name=${encodeURIComponent(name)}` : ''}`);
  const post = (topic, body) => running().publish(topic, { action: 'room_event', payload: { body, author: 'cook' } });
  const event = (topic, body, seq) => on(topic, 'room_event', { body, author: 'cook' }, { seq });

  /** Subscribes, with the position of the last frame that one has had, if any, and returns the confirmation. */
  const subscribe = async (client, topic, recover) => {
    const { frame, before } = await client.request('subscribe', recover && { recover }, topic);
    assert.equal(frame.action, 'subscribed', JSON.stringify(frame));
    assert.deepEqual(before, []);
    return frame.payload;
  };

  /** Connects and subscribes, as the first one there. */
  const alone = async (name, topic) => {
    const client = await enter(name);
    const { seq, epoch } = await subscribe(client, topic);
    await client.expect(state(topic, name));
    return { client, place: { seq, epoch } };
  };

  let count = 0;
  const fresh = () => { count += 1; return `lobby:${count}`; };

  describe('lounge', () => {
    afterEach(() => {
      Client.endAll();
      return running().idle();
    });

    it('who has no name is not let into a lobby, and goes on', async () => {
      const client = await enter();
      const { frame } = await client.request('subscribe', undefined, 'lobby:a');
      assert.deepEqual({ action: frame.action, topic: frame.topic, reason: frame.payload.reason }, { action: 'error', topic: 'lobby:a', reason: 'unauthorized' });
      client.send({ topic: 'lobby:a', ref: '1', action: 'post', payload: { body: 'x' } });
      assert.equal((await client.next()).payload.reason, 'not_subscribed');
      assert.equal((await refusal(`${running().ws}/ws/lounge?name=a:b`)).status, 400);
      await client.close();
    });

    it('frames have positions, which subscribing tells', async () => {
      const topic = fresh();
      await post(topic, 'before');
      const { client, place } = await alone('Ada', topic);
      assert.equal(typeof place.epoch, 'string');
      client.send({ topic, action: 'post', payload: { body: 'mine', author: 'not Ada' } });
      await client.expect(on(topic, 'room_event', { body: 'mine', author: 'Ada' }, { seq: place.seq + 1 }));
      await post(topic, 'again');
      await client.expect(event(topic, 'again', place.seq + 2));
      assert.deepEqual(await subscribe(client, topic), { recovered: false, seq: place.seq + 2, epoch: place.epoch });
      await client.close();
    });

    it('after a drop what was missed comes in order, once, and before what is new', async () => {
      const topic = fresh();
      const { client, place } = await alone('Ada', topic);
      for (let i = 1; i <= 5; i += 1) await post(topic, `${i}`);
      for (let i = 1; i <= 5; i += 1) await client.expect(event(topic, `${i}`, place.seq + i));
      client.socket.terminate();
      for (let i = 6; i <= 50; i += 1) await post(topic, `${i}`);

      const back = await enter('Ada');
      const live = Promise.all(Array.from({ length: 20 }, (_, i) => post(topic, `live ${i}`)));
      const confirmed = await subscribe(back, topic, { seq: place.seq + 5, epoch: place.epoch });
      assert.equal(confirmed.recovered, true);
      assert.equal(confirmed.epoch, place.epoch);
      await live;
      const seqs = [];
      for (let i = 0; i < 66; i += 1) {
        const frame = await back.next();
        if (frame.action === 'room_event') seqs.push(frame.seq);
        else assert.deepEqual(frame, state(topic, 'Ada'));
      }
      assert.deepEqual(seqs, Array.from({ length: 65 }, (_, i) => place.seq + 6 + i));
      await back.expectNothing();
      await back.close();
    });

    it('who has missed nothing recovers nothing', async () => {
      const topic = fresh();
      const { client, place } = await alone('Ada', topic);
      client.socket.terminate();
      const back = await enter('Ada');
      assert.deepEqual(await subscribe(back, topic, place), { recovered: true, ...place });
      await back.expect(state(topic, 'Ada'));
      await back.expectNothing();
      await back.close();
    });

    it('what is not kept any more, or never was, is not recovered', async () => {
      const topic = fresh();
      const { client, place } = await alone('Ada', topic);
      await client.close();
      for (let i = 0; i < 101; i += 1) await post(topic, 'x');
      const head = { seq: place.seq + 101, epoch: place.epoch };
      for (const from of [place, { seq: head.seq + 1, epoch: head.epoch }, { seq: head.seq, epoch: 'another' }]) {
        const back = await enter('Ada');
        assert.deepEqual(await subscribe(back, topic, from), { recovered: false, ...head });
        await back.expect(state(topic, 'Ada'));
        await back.expectNothing();
        await back.close();
      }
      const back = await enter('Ada');
      const { frame } = await back.request('subscribe', { recover: { seq: 'one' } }, topic);
      assert.equal(frame.payload.reason, 'invalid');
      await back.close();
    });

    it('everybody is told who comes and who goes', async () => {
      const topic = fresh();
      const { client: ada } = await alone('Ada', topic);
      const bob = await enter('Bob');
      await subscribe(bob, topic);
      await bob.expect(state(topic, 'Ada', 'Bob'));
      await ada.expect(on(topic, 'presence_joined', member('Bob')));
      const response = await fetch(`${running().http}/members/${topic}`);
      assert.deepEqual(await response.json(), { members: [member('Ada'), member('Bob')] });
      await bob.request('unsubscribe', undefined, topic);
      await ada.expect(on(topic, 'presence_left', { key: 'bob' }));
      await bob.close();
      await ada.close();
    });

    it('two connections are one person, who has left with the last one', async () => {
      const topic = fresh();
      const { client: ada } = await alone('Ada', topic);
      const phone = await enter('Bob');
      await subscribe(phone, topic);
      await ada.expect(on(topic, 'presence_joined', member('Bob')));
      const laptop = await enter('Bob');
      await subscribe(laptop, topic);
      await laptop.expect(state(topic, 'Ada', 'Bob'));
      await phone.request('unsubscribe', undefined, topic);
      await ada.expectNothing();
      await laptop.request('unsubscribe', undefined, topic);
      await ada.expect(on(topic, 'presence_left', { key: 'bob' }));
      await ada.close();
    });

    it('who comes back within the grace has not left; who does not has', async () => {
      const topic = fresh();
      const { client: ada } = await alone('Ada', topic);
      let bob = await enter('Bob');
      await subscribe(bob, topic);
      await ada.expect(on(topic, 'presence_joined', member('Bob')));
      bob.socket.terminate();
      bob = await enter('Bob');
      await subscribe(bob, topic);
      await bob.expect(state(topic, 'Ada', 'Bob'));
      await ada.expectNothing();
      const dropped = Date.now();
      bob.socket.terminate();
      await ada.expect(on(topic, 'presence_left', { key: 'bob' }));
      assert.ok(Date.now() - dropped >= 1900, `${Date.now() - dropped} ms`);
      await ada.close();
    });

    it('whoever watches presence:{user} is told when they are online', async () => {
      const watcher = await Client.connect(`${running().ws}/ws/topics`);
      const topic = 'presence:dora';
      assert.equal(await subscribe(watcher, topic), null);
      const phone = await enter('Dora');
      await watcher.expect(on(topic, 'presence_changed', { user: 'dora', online: true }));
      const laptop = await enter('dora');
      await subscribe(laptop, topic);
      await phone.close();
      await watcher.expectNothing();
      await laptop.close();
      await watcher.expect(on(topic, 'presence_changed', { user: 'dora', online: false }));
      await watcher.close();
    });
  });
}
