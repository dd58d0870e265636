import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { describe, it } from 'node:test';
import { Client, within } from '../client.js';
import { Showcase } from '../showcase.js';

const misuse = [
  [['-nonsense'], /not defined: -nonsense/],
  [['-addr', 'nowhere:http:x'], /nowhere/],
  [['-framework', 'rails'], /unknown -framework "rails": there are chi, gin, echo, fiber/],
  [['-layer', 'pigeon://127.0.0.1'], /unknown scheme "pigeon"/],
  [['-layer', 'redis://127.0.0.1:1'], /refused/],
  [['-asyncapi', 'no/such/folder/asyncapi.json'], /no such file/],
  [['stray'], /unexpected argument "stray"/],
];

/** flags returns those of the program. */
export function signals(flags) {
  const start = () => Showcase.start(...flags());

  describe('signals', () => {
    it('SIGTERM drains: clients are told when to come back', async () => {
      const showcase = await start();
      const clients = await Promise.all(Array.from({ length: 20 }, () => Client.connect(`${showcase.ws}/ws/room/last`)));
      await Promise.all(clients.map((client) => client.request('ping')));
      const stopped = showcase.stop('SIGTERM');
      for (const client of clients) {
        assert.match(await client.expectClose(1012), /retry in \d+ ms/);
      }
      assert.deepEqual(await within(stopped, () => 'the program goes on'), { code: 0, signal: null });
      assert.equal(showcase.errors, '');
      await assert.rejects(Client.connect(`${showcase.ws}/ws/room/last`), { code: 'ECONNREFUSED' });
    });

    it('SIGTERM drains who has subscribed, without a complaint', async () => {
      const showcase = await start();
      const clients = await Promise.all(['Ada', 'Bob', 'Cleo'].map((name) => Client.connect(`${showcase.ws}/ws/lounge?name=${name}`)));
      for (const client of clients) {
        for (const topic of ['lobby:last', 'presence:ada']) await client.request('subscribe', undefined, topic);
      }
      const stopped = showcase.stop('SIGTERM');
      for (const client of clients) assert.match(await client.expectClose(1012), /retry in \d+ ms/);
      assert.deepEqual(await within(stopped, () => 'the program goes on'), { code: 0, signal: null });
      assert.equal(showcase.errors, '');
    });

    it('SIGTERM waits for nothing: not for jobs, not for clients that do not answer', async () => {
      const showcase = await start();
      const client = await Client.connect(`${showcase.ws}/ws/background_jobs`);
      await client.request('job', { content: 'never done' });
      assert.deepEqual(await within(showcase.stop('SIGTERM'), () => 'the program goes on'), { code: 0, signal: null });
      await client.expectClose(1012);
    });
  });
}

export function flags() {
  describe('flags', () => {
    it('-completion tells when a message has been handled', async () => {
      const showcase = await Showcase.start('-completion');
      const client = await Client.connect(`${showcase.ws}/ws/bench`);
      client.send({ action: 'ping', ref: '1' });
      await client.expect({ ref: '1', action: 'pong', payload: null });
      await client.expect({ ref: '1', action: 'complete', payload: null });
      await client.close();
      assert.equal((await showcase.stop()).code, 0);
    });

    for (const [args, complaint] of misuse) {
      it(`${args.join(' ')}: exit code 1`, async () => {
        const showcase = new Showcase(...args);
        const { code } = await within(showcase.ended, () => 'the program goes on').finally(() => showcase.process.kill());
        assert.equal(code, 1);
        assert.match(showcase.errors, complaint);
        assert.equal(showcase.output, '');
      });
    }

    it('a busy port: exit code 1', async () => {
      const other = createServer();
      await new Promise((resolve) => { other.listen(0, '127.0.0.1', resolve); });
      const showcase = new Showcase('-addr', `127.0.0.1:${other.address().port}`);
      const { code } = await within(showcase.ended, () => 'the program goes on');
      assert.equal(code, 1);
      assert.match(showcase.errors, /address already in use/);
      other.close();
    });

    it('-help lists the flags', async () => {
      const showcase = new Showcase('-help');
      assert.equal((await within(showcase.ended, () => 'the program goes on')).code, 0);
      for (const flag of ['-addr', '-framework', '-layer', '-completion', '-asyncapi']) {
        assert.ok(showcase.output.includes(flag), flag);
      }
    });
  });
}
