import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { Client } from '../client.js';
import { opener } from './sockets.js';

// Events that reach a route's clients, and what these get.
const events = [
  ['/ws/chat', 'chat_room', 'system_notify', 'Tea', { action: 'chat_notification', payload: { message: 'Tea' } }],
  ['/ws/chat', 'chat_room', 'user_joined_notification', { message: 'Ada' }, { action: 'user_joined_notification', payload: { message: 'Ada' } }],
  ['/ws/chat', 'chat_room', 'user_left_notification', { message: 'Ada' }, { action: 'user_left_notification', payload: { message: 'Ada' } }],
  ['/ws/chat', 'extra', 'extra_passthrough', 'as it is', { action: 'extra_passthrough', payload: 'as it is' }],
  ['/ws/reliable', 'reliable_chat', 'system_notify', 'Tea', { action: 'chat_notification', payload: { message: 'Tea' } }],
  ['/ws/notifications', 'notifications', 'system_notify', 'Tea', { action: 'notification_broadcast', payload: { type: 'system', message: 'Tea' } }],
  ['/ws/notifications', 'notifications', 'system_periodic_notify', 'Tick', { action: 'notification_broadcast', payload: { type: 'periodic', message: 'Tick' } }],
  ['/ws/analytics', 'analytics', 'system_notify', 'Tea', { action: 'analytics_notification', payload: { event: 'Tea', data: null } }],
  ['/ws/background_jobs', 'background_jobs', 'extra_event', 'Tea', { action: 'extra_response', payload: 'extra: Tea' }],
];

// Events that reach who has subscribed to a topic.
const topicEvents = [
  ['/ws/topics', 'room:tea', 'room_event', { body: 'Tea', author: 'cook' }],
  ['/ws/topics/room/tea', 'room:tea', 'room_event', { body: 'Tea', author: 'cook' }],
  ['/ws/topics', 'presence:ada', 'presence_changed', { user: 'ada', online: false }],
];

const refused = [
  ['a group that nobody has', 'nothing', { action: 'system_notify', payload: 'x' }, 404, 'not_found'],
  ['an event that is not declared', 'chat_room', { action: 'launch', payload: 'x' }, 422, 'unknown_action'],
  ['a client\'s message', 'chat_room', { action: 'chat', payload: { message: 'x' } }, 422, 'unknown_action'],
  ['an event that the room does not declare', 'room:kitchen', { action: 'system_notify', payload: 'x' }, 422, 'unknown_action'],
  ['a topic\'s client\'s message', 'room:kitchen', { action: 'post', payload: { body: 'x' } }, 422, 'unknown_action'],
  ['an invalid payload for a topic', 'room:kitchen', { action: 'room_event', payload: { body: 7 } }, 422, 'invalid', [['/payload/body', 'type']]],
  ['another topic\'s event', 'presence:ada', { action: 'room_event', payload: { body: 'x' } }, 422, 'unknown_action'],
  ['a topic that no pattern matches', 'room:a:b', { action: 'room_event', payload: { body: 'x' } }, 404, 'not_found'],
  ['a topic of no pattern', 'garden:a', { action: 'room_event', payload: { body: 'x' } }, 404, 'not_found'],
  ['an invalid payload', 'chat_room', { action: 'system_notify', payload: 7 }, 422, 'invalid', [['/payload', 'type']]],
  ['a payload that lacks a member', 'chat_room', { action: 'user_joined_notification', payload: {} }, 422, 'invalid', [['/payload/message', 'required']]],
  ['no payload', 'chat_room', { action: 'system_notify' }, 422, 'invalid', [['/payload', 'required']]],
  ['no JSON', 'chat_room', 'hello', 400, 'malformed'],
  ['no object', 'chat_room', '[]', 400, 'malformed'],
  ['no action', 'chat_room', {}, 400, 'malformed'],
  ['nothing', 'chat_room', '', 400, 'malformed'],
  ['too much', 'chat_room', { action: 'system_notify', payload: 'x'.repeat(100_000) }, 413, 'too_large'],
];

export function http(running) {
  const open = opener(running);

  describe('HTTP', () => {
    afterEach(() => {
      Client.endAll();
      return running().idle();
    });

    for (const [path, group, action, payload, frame] of events) {
      it(`POST /events/${group} ${action} reaches ${path}`, async () => {
        const clients = [await open(path), await open(path)];
        if (path === '/ws/chat') await clients[0].next(); // the second one joined
        const { status } = await running().publish(group, { action, payload });
        assert.equal(status, 202);
        for (const client of clients) await client.expect(frame);
        for (const client of clients) await client.close(); // of which the others are told
      });
    }

    for (const [path, topic, action, payload] of topicEvents) {
      it(`POST /events/${topic} ${action} reaches ${path}`, async () => {
        const client = await Client.connect(running().ws + path);
        if (path === '/ws/topics') await client.request('subscribe', undefined, topic);
        else await client.next();
        assert.equal((await running().publish(topic, { action, payload })).status, 202);
        await client.expect({ version: 1, topic, action, payload });
        await client.close();
      });
    }

    it('GET /members tells who is there, of topics that track it', async () => {
      const response = await fetch(`${running().http}/members/lobby:nobody`);
      assert.deepEqual({ status: response.status, body: await response.json() }, { status: 200, body: { members: [] } });
      assert.equal((await fetch(`${running().http}/members/room:kitchen`)).status, 404);
    });

    for (const [name, group, body, status, reason, errors] of refused) {
      it(`POST /events/${group} with ${name}: ${status}`, async () => {
        const answer = await running().publish(group, body);
        assert.equal(answer.status, status, JSON.stringify(answer));
        assert.equal(answer.body.reason, reason);
        assert.ok(answer.body.detail);
        if (errors) assert.deepEqual(answer.body.errors.map((e) => [e.path, e.code]), errors);
      });
    }

    it('GET /events is 405', async () => {
      assert.equal((await fetch(`${running().http}/events/chat_room`)).status, 405);
    });

    it('GET /healthz is 200', async () => {
      const response = await fetch(`${running().http}/healthz`);
      assert.equal(response.status, 200);
      assert.equal((await response.json()).status, 'ok');
    });
  });
}
