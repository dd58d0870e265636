// A card with one client of the room.

import { Link } from './link.js';
import { clone, make, paint } from './make.js';

const most = 200; // entries of a log
const words = { connecting: 'connecting', open: 'connected', lost: 'lost', out: 'put out' };

export class Client {
  constructor(user, room, peers, home) {
    this.user = user;
    this.element = clone('client-card');
    this.find = (selector) => this.element.querySelector(selector);
    this.find('h3').textContent = user;
    this.members = new Map();
    this.doors = peers.map(({ name }) => {
      const button = make('button', 'pick', name);
      button.type = 'button';
      paint(button, name);
      button.title = `Be served by ${name}`;
      button.addEventListener('click', () => this.link.move(name));
      return button;
    });
    this.find('.door').append(make('span', 'soft', 'served by'), ...this.doors);
    this.find('.door').setAttribute('aria-label', `The process that serves ${user}`);
    this.find('.said').setAttribute('aria-label', `What ${user} hears`);
    this.listen();
    this.link = new Link(user, room, peers, home, {
      changed: () => queueMicrotask(() => this.show()),
      frame: (frame) => this.frame(frame),
      subscribed: (from, got) => this.subscribed(from, got),
    });
  }

  listen() {
    const field = this.find('.text');
    const said = async (action, payload, topic) => {
      try {
        if (topic || action === 'wave') {
          if (!this.link.send({ topic, action, payload })) throw new Error('not connected');
        } else {
          await this.link.request(action, payload);
          this.note(`The worker is to turn “${payload.text}” around.`);
        }
      } catch (error) {
        this.note(error.message, 'bad');
      }
    };
    this.find('form').addEventListener('submit', (event) => {
      event.preventDefault();
      if (!field.value.trim()) return;
      void said('post', { text: field.value }, this.link.topic);
      field.value = '';
    });
    this.find('.wave').addEventListener('click', () => void said('wave'));
    this.find('.job').addEventListener('click', () => {
      void said('job', { text: field.value.trim() || 'never odd or even' });
      field.value = '';
    });
  }

  /** Shows how the connection is. */
  show() {
    const { state, why, peer } = this.link;
    const label = this.find('.state');
    label.dataset.is = state;
    label.textContent = words[state];
    label.title = why;
    for (const button of this.doors) {
      const here = button.textContent === peer.name && (state === 'open' || state === 'connecting');
      button.setAttribute('aria-pressed', String(here));
    }
    if (state === this.shown) return;
    this.shown = state;
    if (state === 'lost' || state === 'out') {
      this.members.clear();
      this.showMembers();
    }
    if (state === 'lost') this.note('The process is gone.', 'bad');
    if (state === 'out') this.note(`Put out: ${why}. Choose a process to come back.`, 'bad');
  }

  subscribed(from, { recovered, seq, epoch }) {
    if (!from) return;
    const missed = epoch === from.epoch ? seq - from.seq : null;
    if (recovered) this.note(missed ? `Recovered: ${missed} missed.` : 'Recovered: nothing was missed.', 'good');
    else this.note('Not recovered: what was missed is not kept any more.', 'bad');
  }

  frame({ action, payload, topic }) {
    switch (action) {
      case 'hello':
        this.note(`Served by ${payload.process}, process ${payload.pid}.`, '', payload.process);
        break;
      case 'posted':
        this.add(payload.from, payload.process, payload.text);
        break;
      case 'waved':
        this.add(payload.from, payload.process, 'waves to everybody', 'wave');
        break;
      case 'job_done':
        this.add('worker', 'worker', `${payload.text} → ${payload.result}`, 'job');
        break;
      case 'news':
        this.add('worker', 'worker', payload.text, 'job');
        break;
      case 'presence_state':
        this.members = new Map(payload.members.map(({ key, info }) => [key, info]));
        this.showMembers();
        break;
      case 'presence_joined':
        this.members.set(payload.key, payload.info);
        this.showMembers();
        break;
      case 'presence_left':
        this.members.delete(payload.key);
        this.showMembers();
        break;
      case 'error':
        this.note(`${topic ? `${topic}: ` : ''}${payload.detail || payload.reason}`, 'bad');
        break;
      default:
    }
  }

  showMembers() {
    const chips = [...this.members].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, { process }]) => {
      const chip = make('span', 'chip', key);
      paint(chip, process);
      chip.title = `through ${process}`;
      return chip;
    });
    this.find('.there').replaceChildren(...chips);
  }

  /** Adds what somebody said, through a process. */
  add(from, process, text, kind = '') {
    const entry = make('li', `entry ${kind}`);
    const tag = make('span', 'tag', process === 'worker' ? 'W' : process);
    tag.title = `through ${process}`;
    paint(tag, process);
    entry.append(tag, make('b', '', process === 'worker' ? 'worker' : from), make('span', 'words', text));
    this.append(entry);
  }

  /** Adds what the page has to say. */
  note(text, kind = '', process = '') {
    const entry = make('li', `entry info ${kind}`, text);
    if (process) paint(entry, process);
    this.append(entry);
  }

  append(entry) {
    const list = this.find('.said');
    const follow = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
    list.append(entry);
    while (list.childElementCount > most) list.firstElementChild.remove();
    if (follow) list.scrollTop = list.scrollHeight;
  }
}
