// What one client asks of all processes.

import { make } from './make.js';

const plural = (n, one, many = `${one}s`) => `${n} ${n === 1 ? one : many}`;

export class Queries {
  constructor(clients, processes) {
    this.clients = clients;
    this.processes = processes;
    const by = (id) => document.getElementById(id);
    [this.asker, this.victim, this.answer] = [by('asker'), by('victim'), by('answer')];
    for (const { user } of clients) {
      const option = make('option', '', user);
      option.value = user;
      this.asker.append(option);
    }
    by('who').addEventListener('click', () => void this.ask('who', undefined, ({ members, total }) => {
      const list = members.map(({ identity, hub }) => `${identity} at ${this.processes.nameOf(hub)}`).sort();
      return `${total} connected: ${list.join(', ')}`;
    }));
    by('count').addEventListener('click', () => void this.ask('count', undefined, ({ total, hubs }) => {
      const list = hubs.map(({ hub, connections }) => `${connections} at ${this.processes.nameOf(hub)}`).sort();
      return `${plural(total, 'connection')}: ${list.join(', ')}`;
    }));
    by('disconnect').addEventListener('click', () => void this.ask('disconnect', { user: this.victim.value }, ({ connections }) => (
      `${plural(connections, 'connection')} of ${this.victim.value} ended`
    )));
    by('queries').addEventListener('submit', (event) => event.preventDefault());
  }

  async ask(action, payload, text) {
    const { link } = this.clients.find(({ user }) => user === this.asker.value);
    const began = performance.now();
    try {
      const got = await link.request(action, payload);
      const missing = got.missing?.length ? `; no answer from ${got.missing.map((hub) => this.processes.nameOf(hub)).join(', ')}` : '';
      const unsure = got.unsure ? '; there may be others' : '';
      const time = Math.round(performance.now() - began);
      this.show(`${text(got)}. ${plural(got.processes, 'process', 'processes')} answered ${link.peer.name} in ${time} ms${missing}${unsure}.`,
        missing || unsure ? 'partial' : 'good');
    } catch (error) {
      this.show(error.message, 'bad');
    }
  }

  show(text, kind) {
    this.answer.textContent = text;
    this.answer.dataset.is = kind;
  }
}
