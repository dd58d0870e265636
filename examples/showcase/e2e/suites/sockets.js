import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { Client } from '../client.js';

// Every route that needs no token, with the frames that it sends on connecting.
const routes = {
  '/ws/system': [{ action: 'system_echo', payload: { message: 'Connected to the system' } }],
  '/ws/chat': [{ action: 'chat_notification', payload: { message: 'Somebody joined the chat' } }],
  '/ws/reliable': [],
  '/ws/notifications': [{ action: 'notification_broadcast', payload: { type: 'system', message: 'Connected to the notifications' } }],
  '/ws/analytics': [],
  '/ws/background_jobs': [{ action: 'job_status', payload: { status: 'connected', message: 'Connected to the worker' } }],
  '/ws/room/lobby': [],
  '/ws/bench': [],
  '/ws/bench/room/lobby': [],
  '/ws/topics': [],
  '/ws/lounge': [],
};

/** opener connects to a route, and takes what it sends then. */
export function opener(running) {
  return async (path) => {
    const client = await Client.connect(running().ws + path);
    for (const frame of routes[path]) await client.expect(frame);
    return client;
  };
}

export function sockets(running) {
  const open = opener(running);

  describe('sockets', () => {
    afterEach(() => {
      Client.endAll();
      return running().idle();
    });

    for (const path of Object.keys(routes)) {
      it(`${path} answers ping`, async () => {
        const client = await open(path);
        client.send({ action: 'ping', ref: '1' });
        await client.expect({ ref: '1', action: 'pong', payload: null });
        client.send({ action: 'ping', payload: null, version: 1 });
        await client.expect({ action: 'pong', payload: null });
        await client.close();
      });
    }

    it('/ws/system repeats', async () => {
      const client = await open('/ws/system');
      const { frame } = await client.request('user_message', { message: 'Is anybody there?' });
      assert.deepEqual(frame, { ref: 'r1', action: 'system_echo', payload: { message: 'Is anybody there?' } });
      await client.close();
    });

    it('/ws/chat tells everybody', async () => {
      const ada = await open('/ws/chat');
      const bob = await open('/ws/chat');
      await ada.expect({ action: 'chat_notification', payload: { message: 'Somebody joined the chat' } });
      ada.send({ action: 'chat', payload: { message: 'Hi' } });
      for (const client of [ada, bob]) {
        await client.expect({ action: 'chat_notification', payload: { message: 'Hi' } });
      }
      const { frame } = await bob.request('extra_request', 'please');
      assert.deepEqual(frame, { ref: 'r1', action: 'extra_response', payload: 'extra: please' });
      await bob.close();
      await ada.expect({ action: 'chat_notification', payload: { message: 'Somebody left the chat' } });
      await ada.close();
    });

    it('/ws/reliable tells everybody', async () => {
      const clients = [await open('/ws/reliable'), await open('/ws/reliable')];
      clients[0].send({ action: 'reliable_chat', payload: { message: 'Hi' } });
      for (const client of clients) {
        await client.expect({ action: 'reliable_chat_notification', payload: { message: 'Hi' } });
        await client.close();
      }
    });

    it('/ws/notifications tells everybody, with a default type', async () => {
      const clients = [await open('/ws/notifications'), await open('/ws/notifications')];
      clients[0].send({ action: 'notification', payload: { message: 'Dinner' } });
      clients[0].send({ action: 'notification', payload: { message: 'Fire', type: 'alarm' } });
      for (const client of clients) {
        await client.expect({ action: 'notification_broadcast', payload: { type: 'user', message: 'Dinner' } });
        await client.expect({ action: 'notification_broadcast', payload: { type: 'alarm', message: 'Fire' } });
        await client.close();
      }
    });

    it('/ws/analytics takes data of any type', async () => {
      const client = await open('/ws/analytics');
      for (const data of [null, true, 'text', 1.5, [1, { a: [] }], { nested: { b: null } }]) {
        client.send({ action: 'analytics', payload: { event: 'click', data } });
        await client.expect({ action: 'analytics_notification', payload: { event: 'click', data } });
      }
      client.send({ action: 'analytics', payload: { event: 'load' } });
      await client.expect({ action: 'analytics_notification', payload: { event: 'load', data: null } });
      await client.close();
    });

    it('/ws/background_jobs hears from the worker', async () => {
      const client = await open('/ws/background_jobs');
      const bystander = await open('/ws/background_jobs');
      const { frame, before } = await client.request('job', { type: 'upper', content: 'hello' });
      assert.deepEqual(before.map(({ payload }) => payload.status), ['queuing']);
      assert.equal(frame.action, 'job_status');
      assert.equal(frame.payload.status, 'queued');
      const { job_id } = frame.payload;
      await client.expect({ action: 'job_status', payload: { status: 'result', job_id, message: 'HELLO' } });
      await bystander.expectNothing();
      await client.close();
      await bystander.close();
    });

    it('/ws/bench repeats up to 65,536 characters', async () => {
      const client = await open('/ws/bench');
      for (const text of ['x', 'é'.repeat(65_536), '🚪'.repeat(65_536)]) {
        const { frame } = await client.request('echo', { text });
        assert.deepEqual({ action: frame.action, payload: frame.payload }, { action: 'echo_reply', payload: { text } });
      }
      const { frame } = await client.request('echo', { text: 'x'.repeat(65_537) });
      assert.equal(frame.payload.errors[0].code, 'max_length');
      await client.close();
    });
  });
}
