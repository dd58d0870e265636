import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Client } from '../client.js';
import { Server } from '../servers.js';
import { Showcases } from '../showcase.js';

const patience = 20_000; // for a layer to be back, in milliseconds

/** What becomes of two processes whose server is killed, and comes back. */
export function outage(kind, framework) {
  describe('an outage', () => {
    let server;
    let showcases;
    const clients = {};
    const on = (topic, action, payload) => ({ version: 1, topic, action, payload });
    const post = (body, author) => ({ action: 'room_event', payload: { body, author } });

    const health = async ({ http }) => {
      const response = await fetch(`${http}/healthz`);
      assert.equal(response.status, 200);
      return response.json();
    };
    const until = async (status) => {
      const deadline = Date.now() + patience;
      for (const showcase of showcases.all) {
        while ((await health(showcase)).status !== status) {
          assert.ok(Date.now() < deadline, `not ${status}: ${JSON.stringify(await health(showcase))}`);
          await new Promise((resolve) => { setTimeout(resolve, 20); });
        }
      }
    };
    const unavailable = ({ frame }) => assert.equal(frame.payload?.reason, 'unavailable', JSON.stringify(frame));

    before(async () => {
      server = await Server.start(kind);
      showcases = await Showcases.start('-framework', framework, '-layer', server.url);
      for (const [i, name] of ['Ada', 'Bob'].entries()) {
        clients[name] = await Client.connect(`${showcases.all[i].ws}/ws/lounge?name=${name}`);
        await clients[name].request('subscribe', undefined, 'lobby:outage');
      }
      for (const { action } of [await clients.Ada.next(), await clients.Ada.next(), await clients.Bob.next()]) assert.match(action, /^presence_/);
      await server.kill();
      await until('degraded');
    });
    after(async () => {
      Client.endAll();
      await showcases?.stop('SIGKILL');
      await server?.stop();
    });

    it('is known to every process', async () => {
      for (const showcase of showcases.all) {
        const { connections, layer } = await health(showcase);
        assert.deepEqual([connections, layer.connected, layer.outages], [1, false, 1]);
        assert.ok(layer.error);
      }
    });

    it('is told to who wants what needs the server', async () => {
      const began = Date.now();
      unavailable(await clients.Ada.request('post', { body: 'x' }, 'lobby:outage'));
      unavailable(await clients.Ada.request('subscribe', undefined, 'lobby:elsewhere'));
      const { status, body } = await showcases.publish('chat_room', { action: 'system_notify', payload: 'x' });
      assert.deepEqual([status, body.reason], [503, 'unavailable']);
      assert.ok(Date.now() - began < 5000, `${Date.now() - began} ms`);
    });

    it('ends no connection, refuses none, and leaves a room in one process what it was', async () => {
      const [{ ws }] = showcases.all;
      const [one, two] = [await Client.connect(`${ws}/ws/bench/room/outage`), await Client.connect(`${ws}/ws/bench/room/outage`)];
      one.send({ action: 'publish', ref: '1', payload: { seq: 1, t: 1, text: 'here' } });
      const frame = { action: 'published', payload: { seq: 1, t: 1, text: 'here' } };
      await two.expect(frame);
      const came = [await one.next(), await one.next()]; // also that the others can't be reached
      assert.deepEqual(came.map(({ action }) => action).sort(), ['error', 'published']);
      const chatter = await Client.connect(`${ws}/ws/chat`); // who comes is told to whom it can be
      await chatter.expect({ action: 'chat_notification', payload: { message: 'Somebody joined the chat' } });
      for (const client of [one, two, chatter, clients.Ada, clients.Bob]) await client.request('ping');
      await chatter.close();
      await one.close();
      await two.close();
    });

    it('ends by itself, and everything goes on', async () => {
      await server.launch();
      await until('ok');
      assert.equal((await showcases.publish('lobby:outage', post('back', 'cook'))).status, 202);
      for (const client of Object.values(clients)) {
        let { seq, ...frame } = await client.next();
        if (frame.action === 'subscribed') { // the server began the topic anew, and that is told
          assert.equal(frame.payload.recovered, false);
          ({ seq, ...frame } = await client.next());
        }
        assert.deepEqual(frame, on('lobby:outage', 'room_event', { body: 'back', author: 'cook' }));
        assert.equal(seq, 1);
        await client.expectNothing();
      }
    });
  });
}
