// What one client asks of all processes.

import { make } from './make.js';

export class Queries {
  constructor(clients, room) {
    this.clients = clients;
    this.room = room;
    const by = (id) => document.getElementById(id);
    [this.asker, this.victim, this.answer] = [by('asker'), by('victim'), by('answer')];
    for (const { user } of clients) {
      const option = make('option', '', user);
      option.value = user;
      this.asker.append(option);
    }
    by('who').addEventListener('click', () => void this.ask('who', { room }, ({ members, total }) => [
      `${total} in ${room}: ${members.map(({ user, process }) => `${user} (${process})`).join(', ') || 'nobody'}`,
    ]));
    by('count').addEventListener('click', () => void this.ask('count', undefined, ({ connections }) => [
      `${connections} connections`,
    ]));
    by('disconnect').addEventListener('click', () => void this.ask('disconnect', { user: this.victim.value }, ({ connections }) => [
      `${connections} connections of ${this.victim.value} ended`,
    ]));
    by('queries').addEventListener('submit', (event) => event.preventDefault());
  }

  async ask(action, payload, text) {
    const { link } = this.clients.find(({ user }) => user === this.asker.value);
    const began = performance.now();
    try {
      const got = await link.request(action, payload);
      const from = `${link.peer.name} asked ${got.processes} ${got.processes === 1 ? 'process' : 'processes'}`;
      const missing = got.missing?.length ? `; no answer from ${got.missing.length}` : '';
      this.show(`${text(got)} — ${from}, ${Math.round(performance.now() - began)} ms${missing}`, missing ? 'partial' : 'good');
    } catch (error) {
      this.show(error.message, 'bad');
    }
  }

  show(text, kind) {
    this.answer.textContent = text;
    this.answer.dataset.is = kind;
  }
}
