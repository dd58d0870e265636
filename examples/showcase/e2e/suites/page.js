import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

const types = { css: 'text/css', js: 'text/javascript', svg: 'image/svg+xml' };

export function page(running) {
  describe('page', () => {
    const get = async (path) => {
      const response = await fetch(running().http + path);
      assert.equal(response.status, 200, path);
      return { response, text: await response.text() };
    };

    it('is HTML under a strict policy', async () => {
      const { response, text } = await get('/');
      assert.match(response.headers.get('content-type'), /^text\/html; charset=utf-8/);
      const policy = response.headers.get('content-security-policy');
      assert.match(policy, /default-src 'none'/);
      assert.doesNotMatch(policy, /unsafe|\*|https?:/);
      assert.equal(response.headers.get('x-content-type-options'), 'nosniff');
      assert.match(text, /^<!doctype html>/i);
      assert.doesNotMatch(text, /<style|\sstyle=|\son\w+=|javascript:|<script(?![^>]*\ssrc=)/i, 'nothing is inline');
    });

    it('loads its own files and nothing else', async () => {
      const queue = ['/'];
      const texts = new Map();
      while (queue.length > 0) {
        const path = queue.shift();
        if (texts.has(path)) continue;
        const { response, text } = await get(path);
        texts.set(path, text);
        const type = types[path.split('.').pop()];
        if (type) assert.ok(response.headers.get('content-type').startsWith(type), path);
        assert.ok(response.headers.get('etag'), path);
        const links = path.endsWith('.css') ? /url\(["']?([^"')]+)/g : /(?:\s(?:src|href)=|from )["']([^"']+)/g;
        for (const [, link] of text.matchAll(links)) {
          if (/^(#|data:)/.test(link)) continue; // nothing to load
          const url = new URL(link, response.url);
          assert.equal(url.origin, new URL(response.url).origin, `${path} refers to ${link}`);
          if (path === '/' || /\.(js|css)$/.test(path)) queue.push(url.pathname);
        }
      }
      assert.ok([...texts.keys()].some((path) => path.endsWith('.js')));
      assert.ok([...texts.keys()].some((path) => path.endsWith('.css')));
    });

    it('has every element that its scripts look for', async () => {
      const { text } = await get('/');
      const ids = new Set([...text.matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id));
      assert.equal(ids.size, [...text.matchAll(/\sid="/g)].length, 'ids are unique');
      for (const [, target] of text.matchAll(/\s(?:for|aria-labelledby|aria-controls)="([^"]+)"/g)) {
        assert.ok(ids.has(target), `#${target}`);
      }
      const scripts = await Promise.all(['page.js', 'console.js'].map((name) => get(`/assets/${name}`)));
      const wanted = scripts.flatMap(({ text: script }) => [...script.matchAll(/byId\('([^']+)'\)/g)].map(([, id]) => id));
      assert.ok(wanted.length > 0);
      for (const id of wanted) assert.ok(ids.has(id), `#${id}`);
    });

    it('has the parts that its scripts look for in templates', async () => {
      const { text } = await get('/');
      const classes = new Set([...text.matchAll(/\sclass="([^"]+)"/g)].flatMap(([, names]) => names.split(' ')));
      const scripts = await Promise.all(['rooms.js', 'lounge.js'].map((name) => get(`/assets/${name}`)));
      for (const { text: script } of scripts) {
        const wanted = [...script.matchAll(/find\('\.([\w-]+)/g)].map(([, name]) => name);
        assert.ok(wanted.length > 0);
        for (const name of wanted) assert.ok(classes.has(name), `.${name}`);
      }
    });

    it('knows every route and what it takes', async () => {
      const { text } = await get('/routes.json');
      const sockets = JSON.parse(text);
      assert.deepEqual(sockets.map((s) => s.path).sort(), [
        '/ws/analytics', '/ws/background_jobs', '/ws/bench', '/ws/bench/room/{name}', '/ws/chat', '/ws/lounge', '/ws/notifications',
        '/ws/private', '/ws/reliable', '/ws/room/{room_name}', '/ws/system', '/ws/topics', '/ws/topics/room/{room_name}',
      ]);
      const alone = sockets.find((s) => s.path === '/ws/topics/room/{room_name}');
      assert.deepEqual(alone.messages.map(({ action }) => action), ['echo', 'post']);
      for (const s of sockets) {
        assert.ok(s === alone || s.messages.some(({ action }) => action === 'ping'), s.path);
      }
      const topics = sockets.find((s) => s.path === '/ws/topics');
      assert.deepEqual(topics.messages.filter(({ topic }) => topic === 'room:{room_name}').map(({ action }) => action),
        ['subscribe', 'echo', 'post', 'unsubscribe']);
      assert.deepEqual(topics.groups, ['room:{room_name}', 'presence:{user}']);
      assert.deepEqual(sockets.find((s) => s.path === '/ws/lounge').query, ['name']);
      assert.deepEqual(sockets.filter((s) => s.token).map((s) => s.path), ['/ws/private']);
      assert.ok(sockets.find((s) => s.token).messages.some(({ action }) => action === 'authentication'));
      const room = sockets.find((s) => s.path === '/ws/room/{room_name}');
      assert.deepEqual(room.params, ['room_name']);
      const { schema } = room.messages.find(({ action }) => action === 'room_chat');
      assert.deepEqual(schema.required, ['message']);
    });

    it('is not sent again unless it changed', async () => {
      const { response } = await get('/assets/page.js');
      const again = await fetch(`${running().http}/assets/page.js`, { headers: { 'If-None-Match': response.headers.get('etag') } });
      assert.equal(again.status, 304);
      assert.equal((await fetch(`${running().http}/assets/nothing.js`)).status, 404);
    });
  });
}
