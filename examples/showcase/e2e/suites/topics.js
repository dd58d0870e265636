import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { Client, refusal } from '../client.js';

/** on is a frame of a topic. */
const on = (topic, action, payload = null, more = {}) => ({ version: 1, topic, ...more, action, payload });

/** reasonOf is a refusal of which the payload is the reason. */
const reasonOf = ({ payload, ...frame }) => ({ ...frame, payload: payload?.reason });

// Frames on /ws/topics that are refused, with the reason; nobody is subscribed.
const refused = [
  ['a post to a room that was not joined', { topic: 'room:a', action: 'post', payload: { body: 'x' } }, 'not_subscribed'],
  ['leaving a room that was not joined', { topic: 'room:a', action: 'unsubscribe' }, 'not_subscribed'],
  ['a topic of no pattern', { topic: 'garden:a', action: 'subscribe' }, 'unknown_topic'],
  ['a message to a topic of no pattern', { topic: 'garden:a', action: 'post', payload: { body: 'x' } }, 'unknown_topic'],
  ['a topic of another consumer', { topic: 'lobby:a', action: 'subscribe' }, 'unknown_topic'],
  ['a parameter that is empty', { topic: 'room:', action: 'subscribe' }, 'unknown_topic'],
  ['a parameter with a colon', { topic: 'room:a:b', action: 'subscribe' }, 'unknown_topic'],
  ['a topic that is too long', { topic: `room:${'x'.repeat(600)}`, action: 'subscribe' }, 'unknown_topic'],
  ['another version', { topic: 'room:a', action: 'subscribe', version: 2 }, 'unsupported_version'],
];

export function topics(running) {
  const hub = () => Client.connect(`${running().ws}/ws/topics`);

  /** Subscribes, and returns the payload of the confirmation. */
  const subscribe = async (client, topic, payload) => {
    const { frame, before } = await client.request('subscribe', payload, topic);
    assert.equal(frame.action, 'subscribed', JSON.stringify(frame));
    assert.deepEqual(before, []);
    return frame.payload;
  };

  describe('topics', () => {
    afterEach(() => {
      Client.endAll();
      return running().idle();
    });

    it('subscribing and unsubscribing are confirmed with the ref', async () => {
      const client = await hub();
      client.send({ topic: 'room:a', ref: '1', action: 'subscribe' });
      await client.expect(on('room:a', 'subscribed', null, { ref: '1' }));
      client.send({ version: 1, topic: 'room:a', ref: '2', action: 'subscribe', payload: null });
      await client.expect(on('room:a', 'subscribed', null, { ref: '2' }));
      client.send({ topic: 'room:a', action: 'unsubscribe' });
      await client.expect(on('room:a', 'unsubscribed'));
      assert.equal((await running().publish('room:a', { action: 'room_event', payload: { body: 'x' } })).status, 202);
      await client.expectNothing();
      client.send({ topic: 'room:a', ref: '3', action: 'unsubscribe' });
      assert.deepEqual(reasonOf(await client.next()), on('room:a', 'error', 'not_subscribed', { ref: '3' }));
      await client.close();
    });

    for (const [name, frame, reason] of refused) {
      it(`${name}: ${reason}`, async () => {
        const client = await hub();
        client.send({ ...frame, ref: 'x' });
        assert.deepEqual(reasonOf(await client.next()), on(frame.topic, 'error', reason, { ref: 'x' }));
        await client.expectNothing();
        await client.close();
      });
    }

    it('two topics share a connection, and its own messages go on', async () => {
      const client = await hub();
      for (const topic of ['room:a', 'room:b', 'presence:ada']) assert.equal(await subscribe(client, topic), null);
      client.send({ topic: 'room:a', ref: '1', action: 'echo', payload: { body: 'hi', author: 'ada' } });
      await client.expect(on('room:a', 'posted', { body: 'hi', author: 'ada' }, { ref: '1' }));
      client.send({ topic: 'room:b', ref: '2', action: 'echo', payload: { body: 'hi' } });
      await client.expect(on('room:b', 'posted', { body: 'hi', author: 'anonymous' }, { ref: '2' }));
      client.send({ ref: '3', action: 'ping' });
      await client.expect({ ref: '3', action: 'pong', payload: null });
      client.send({ topic: 'room:a', action: 'post', payload: { body: 'to all' } });
      await client.expect(on('room:a', 'room_event', { body: 'to all', author: 'anonymous' }));
      await running().publish('presence:ada', { action: 'presence_changed', payload: { user: 'ada', online: true } });
      await client.expect(on('presence:ada', 'presence_changed', { user: 'ada', online: true }));
      await client.expectNothing();
      await client.close();
    });

    it('a room reaches its subscribers and nobody else', async () => {
      const [ada, bob, cleo] = [await hub(), await hub(), await hub()];
      await subscribe(ada, 'room:a');
      await subscribe(bob, 'room:a');
      await subscribe(cleo, 'room:b');
      for (let i = 0; i < 20; i += 1) ada.send({ topic: 'room:a', action: 'post', payload: { body: `${i}`, author: 'ada' } });
      for (const client of [ada, bob]) {
        for (let i = 0; i < 20; i += 1) await client.expect(on('room:a', 'room_event', { body: `${i}`, author: 'ada' }));
        await client.expectNothing();
      }
      await cleo.expectNothing();
      await Promise.all([ada, bob, cleo].map((client) => client.close()));
    });

    it('errors carry topic and ref', async () => {
      const client = await hub();
      await subscribe(client, 'room:a');
      const { frame } = await client.request('post', { author: 7 }, 'room:a');
      assert.deepEqual(reasonOf(frame), on('room:a', 'error', 'invalid', { ref: frame.ref }));
      assert.deepEqual(frame.payload.errors.map((e) => `${e.path} ${e.code}`).sort(), ['/payload/author type', '/payload/body required']);
      const { frame: unknown } = await client.request('dance', {}, 'room:a');
      assert.deepEqual(reasonOf(unknown), on('room:a', 'error', 'unknown_action', { ref: unknown.ref }));
      const { frame: plain } = await client.request('subscribe');
      assert.deepEqual(reasonOf(plain), { ref: plain.ref, action: 'error', payload: 'unknown_action' });
      await client.close();
    });

    it('on a route of its own connecting is subscribing, to the same room', async () => {
      const client = await hub();
      await subscribe(client, 'room:own route');
      const own = await Client.connect(`${running().ws}/ws/topics/room/own%20route`);
      await own.expect(on('room:own route', 'subscribed'));
      own.send({ action: 'post', payload: { body: 'from the route' } });
      client.send({ topic: 'room:own route', action: 'post', payload: { body: 'from the socket' } });
      for (const each of [client, own]) {
        const bodies = [await each.next(), await each.next()].map((frame) => {
          assert.deepEqual(frame, on('room:own route', 'room_event', { body: frame.payload.body, author: 'anonymous' }));
          return frame.payload.body;
        });
        assert.deepEqual(bodies.sort(), ['from the route', 'from the socket']);
      }
      const { frame } = await own.request('echo', { body: 'hi' });
      assert.deepEqual(frame, on('room:own route', 'posted', { body: 'hi', author: 'anonymous' }, { ref: frame.ref }));
      own.send({ topic: 'room:elsewhere', ref: '1', action: 'subscribe' });
      assert.deepEqual(reasonOf(await own.next()), on('room:elsewhere', 'error', 'unknown_topic', { ref: '1' }));
      assert.equal((await refusal(`${running().ws}/ws/topics/room/a:b`)).status, 404);
      await client.close();
      await own.close();
    });

    it('so many topics fit on a connection, and no more', async () => {
      const client = await hub();
      for (let i = 0; i < 128; i += 1) await subscribe(client, `room:${i}`);
      const { frame } = await client.request('subscribe', undefined, 'room:128');
      assert.equal(frame.payload.reason, 'too_large');
      await client.request('unsubscribe', undefined, 'room:0');
      await subscribe(client, 'room:128');
      await client.close();
    });
  });
}
