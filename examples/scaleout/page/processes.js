// The cards of the processes: how each is, and what can be done to it.

import { clone, make, paint, since } from './make.js';

const pace = 2000; // between two looks, in milliseconds

export class Processes {
  constructor(list, { peers, control }) {
    this.control = control;
    this.cards = new Map();
    this.hubs = new Map(); // names, by the ids of hubs
    for (const { name, url } of peers) this.add(list, name, name, url);
    if (control) {
      this.add(list, 'worker', 'W', '', 'worker');
      this.add(list, 'broker', 'N', '', 'NATS');
      this.card('broker').element.hidden = true; // until it is known to be the supervisor's
    }
    this.look = this.look.bind(this);
    this.running = new Set(peers.map(({ name }) => name)); // as far as anybody knows
    void this.look();
  }

  add(list, name, letter, url, title = `Process ${name}`) {
    const element = clone('process-card');
    const find = (selector) => element.querySelector(selector);
    find('.badge').textContent = letter;
    paint(find('.badge'), name === 'broker' ? 'worker' : name);
    find('.name').textContent = title;
    element.dataset.name = name;
    list.append(element);
    const card = { name, url, element, find, pid: null };
    if (this.control) {
      const kinds = name === 'broker' ? [['stop', 'Stop'], ['start', 'Start']] : [['kill', 'Kill'], ['start', 'Start']];
      for (const [action, label] of kinds) {
        const button = make('button', action === 'start' ? '' : 'risky', label);
        button.type = 'button';
        button.dataset.action = action;
        button.addEventListener('click', () => void this.act(card, action, button));
        find('.actions').append(button);
      }
    }
    if (url) {
      const link = make('a', 'open', 'its page');
      link.href = url;
      find('.actions').append(link);
    }
    this.cards.set(name, card);
  }

  /** The name of the process that has a hub, of which the id is another one with each start. */
  nameOf(hub) {
    const name = this.hubs.get(hub);
    if (!name) return 'a process that is gone';
    const now = this.card(name).health?.hub;
    return now === hub ? name : `${name} ${now ? 'before its restart' : 'that is down'}`;
  }

  card(name) { return this.cards.get(name); }

  /** Asks the supervisor to do something to a process. */
  async act({ name }, action, button) {
    button.disabled = true;
    try {
      const path = name === 'broker' ? `/broker/${action}` : `/processes/${name}/${action}`;
      const response = await fetch(this.control + path, { method: 'POST' });
      if (!response.ok) throw new Error(await response.text());
      this.take(await response.json());
      await Promise.all([...this.cards.values()].map((card) => this.health(card)));
    } catch (error) {
      this.card(name).find('.state').title = error.message;
    } finally {
      button.disabled = false;
      this.showAll();
    }
  }

  /** Looks how everything is, again and again. */
  async look() {
    try {
      if (this.control) this.take(await (await fetch(`${this.control}/processes`)).json());
    } catch { /* the supervisor has ended, and all with it */ }
    await Promise.all([...this.cards.values()].map((card) => this.health(card)));
    this.showAll();
    setTimeout(this.look, pace);
  }

  /** Takes what the supervisor says. */
  take({ processes, broker }) {
    for (const { name, pid } of processes) {
      this.card(name).pid = pid;
      if (pid) this.running.add(name);
      else this.running.delete(name);
    }
    this.card('broker').element.hidden = broker === null;
    this.card('broker').runs = broker;
  }

  /** Asks a process how it is, unless it is known to be down. */
  async health(card) {
    if (!card.url) return;
    card.health = null;
    if (this.control && !this.running.has(card.name)) return;
    try {
      card.health = await (await fetch(`${card.url}/healthz`, { signal: AbortSignal.timeout(pace) })).json();
      this.hubs.set(card.health.hub, card.name);
    } catch { /* it is down */ }
  }

  showAll() {
    for (const card of this.cards.values()) this.show(card);
  }

  show(card) {
    const { health, pid, name, find, element } = card;
    const up = card.url ? Boolean(health) : name === 'broker' ? card.runs : Boolean(pid);
    element.dataset.up = String(Boolean(up));
    find('.state').textContent = up ? 'up' : 'down';
    for (const button of element.querySelectorAll('button')) button.hidden = (button.dataset.action === 'start') === Boolean(up);
    const facts = [];
    if (pid) facts.push(['pid', pid]);
    if (name === 'broker') facts.push(['with', 'JetStream']);
    if (name === 'worker') facts.push(['serves', 'nobody']);
    if (health) facts.push(['connections', health.connections], ...layer(health.layer));
    find('dl').replaceChildren(...facts.map(([term, text, kind]) => {
      const row = make('div', kind ?? '');
      row.append(make('dt', '', term), make('dd', '', String(text)));
      return row;
    }));
  }
}

/** Says how the layer of a process is. */
function layer(health) {
  if (!health) return [];
  const facts = [health.connected
    ? ['layer', `connected for ${since(health.since)}`, 'good']
    : ['layer', `away for ${since(health.since)}`, 'bad']];
  if (health.outages) facts.push(['outages', health.outages]);
  if (health.failed) facts.push(['not published', health.failed]);
  if (health.lost) facts.push(['missed', health.lost]);
  return facts;
}
