import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { describe, it } from 'node:test';
import { Client, refusal } from '../client.js';

// sign makes a JSON Web Token without the program's help.
function sign(claims, secret = 'showcase', header = { alg: 'HS256', typ: 'JWT' }) {
  const text = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
}

const now = Math.floor(Date.now() / 1000);
const claims = { sub: 'ada', exp: now + 600 };

const bad = {
  'no token': {},
  'another secret': { headers: { Authorization: `Bearer ${sign(claims, 'guess')}` } },
  'an expired token': { headers: { Authorization: `Bearer ${sign({ sub: 'ada', exp: now - 600 })}` } },
  'a token of the future': { headers: { Authorization: `Bearer ${sign({ ...claims, nbf: now + 600 })}` } },
  'no signature': { headers: { Authorization: `Bearer ${sign(claims, '', { alg: 'none' }).replace(/[^.]*$/, '')}` } },
  'a token that never expires': { headers: { Authorization: `Bearer ${sign({ sub: 'ada' })}` } },
  'a token without a subject': { headers: { Authorization: `Bearer ${sign({ exp: now + 600 })}` } },
  'not a token': { headers: { Authorization: 'Bearer x' } },
  'a bad token as a subprotocol': { protocols: [`bearer.${sign(claims, 'guess')}`] },
  'another subprotocol': { protocols: ['chat'] },
};

export function tokens(running) {
  describe('tokens', () => {
    const url = () => `${running().ws}/ws/private`;

    for (const [name, options] of Object.entries(bad)) {
      it(`${name}: 401`, async () => {
        assert.equal((await refusal(url(), options)).status, 401);
      });
    }

    const whoami = async (client, sub) => {
      const { frame } = await client.request('whoami');
      assert.deepEqual(frame, { ref: 'r1', action: 'identity', payload: { sub } });
      await client.expectNothing();
      await client.close();
    };

    it('a token in the header is who one is', async () => {
      const client = await Client.connect(url(), { headers: { Authorization: `Bearer ${sign(claims)}` } });
      assert.equal(client.socket.protocol, '');
      await whoami(client, 'ada');
    });

    it('a token as a subprotocol is echoed', async () => {
      const protocol = `bearer.${sign({ ...claims, sub: 'bob' })}`;
      const client = await Client.connect(url(), { protocols: ['other', protocol] });
      assert.equal(client.socket.protocol, protocol);
      await whoami(client, 'bob');
    });

    const refresh = (client, changes, secret) => client.request('authentication', { token: sign({ ...claims, ...changes }, secret) });
    const soon = () => Math.floor(Date.now() / 1000) + 3;
    const shortly = () => Client.connect(url(), { protocols: [`bearer.${sign({ sub: 'ada', exp: soon() })}`] });

    it('the socket ends with the token: 4410', async () => {
      const client = await shortly();
      await client.expectClose(4410);
    });

    it('a new token on the live socket takes the place of the old one', async () => {
      const client = await shortly();
      const { frame: { payload: { expires_in: left, ...result }, ...frame } } = await refresh(client, { exp: soon() + 600 });
      assert.deepEqual(frame, { ref: 'r1', action: 'authentication' });
      assert.deepEqual(result, { status_code: 200, status_text: 'OK', data: null });
      assert.ok(left > 600 && left <= 603, `${left} s`);
      await new Promise((resolve) => { setTimeout(resolve, 4500); });
      assert.deepEqual((await client.request('whoami')).frame.payload, { sub: 'ada' });
      await refresh(client, { exp: soon() });
      await client.expectClose(4410);
    });

    it('another\'s token, and a bad one, change nothing', async () => {
      const client = await shortly();
      for (const [reason, changes, secret] of [
        ['forbidden', { sub: 'bob' }],
        ['unauthenticated', { exp: now - 600 }],
        ['unauthenticated', { exp: undefined }],
        ['unauthenticated', { sub: undefined }],
        ['unauthenticated', {}, 'guess'],
      ]) {
        const { frame } = await refresh(client, changes, secret);
        assert.deepEqual([frame.action, frame.payload.reason], ['error', reason], JSON.stringify(changes));
      }
      assert.deepEqual((await client.request('whoami')).frame.payload, { sub: 'ada' });
      await client.expectClose(4410);
    });

    it('the program gives tokens away', async () => {
      const client = await Client.connect(url(), { protocols: [`bearer.${await running().token('Zoë "Z"')}`] });
      await whoami(client, 'Zoë "Z"');
      assert.equal((await fetch(`${running().http}/token`)).status, 400);
    });

    it('many at once are each themselves', async () => {
      await Promise.all(Array.from({ length: 20 }, async (_, i) => {
        const client = await Client.connect(url(), { protocols: [`bearer.${sign({ ...claims, sub: `user-${i}` })}`] });
        await whoami(client, `user-${i}`);
      }));
    });
  });
}
