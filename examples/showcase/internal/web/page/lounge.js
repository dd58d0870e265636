// Guests of the lounge, each with one connection for all the lobbies that they
// subscribe to.

import { Link, List, url } from './link.js';

const guests = [['Ada', ['kitchen', 'garden']], ['Bob', ['kitchen']]];

/** lounge makes a card for each guest and returns a function that lets everybody connect. */
export function lounge(template, lobby, element) {
  const all = guests.map(([name, rooms]) => new Guest(template, lobby, name, rooms));
  element.append(...all.map((guest) => guest.card));
  return () => all.forEach((guest) => guest.link ?? guest.connect());
}

class Guest {
  constructor(template, lobby, name, rooms) {
    this.name = name;
    this.card = template.content.firstElementChild.cloneNode(true);
    this.lobbies = new Map(); // by topic
    this.link = null;
    const find = (selector) => this.card.querySelector(selector);
    find('.name').textContent = name;
    this.door = find('.door');
    this.join = find('.join button');
    this.room = find('.room');
    this.room.setAttribute('aria-label', `Room for ${name}`);
    this.add = (room) => {
      const topic = `lobby:${room}`;
      if (this.lobbies.has(topic)) return;
      const one = new Lobby(lobby, this, topic, room);
      this.lobbies.set(topic, one);
      find('.lobbies').append(one.element);
      one.subscribe();
    };
    rooms.forEach(this.add);
    this.door.addEventListener('click', () => (this.link ? this.link.close() : this.connect()));
    find('.join').addEventListener('submit', (e) => {
      e.preventDefault();
      this.add(this.room.value);
      this.room.value = '';
    });
  }

  get open() { return this.link?.state === 'open'; }

  connect() {
    const hears = {
      sent: () => {},
      got: (text) => this.got(text),
      info: (text) => this.each((lobby) => lobby.list.info(text)),
    };
    const link = new Link(url('/ws/lounge', { name: this.name }, ['name']), [], hears, () => this.changed(link.state));
    this.link = link;
    this.changed('opening');
  }

  changed(state) {
    if (state === 'lost') this.link = null;
    this.door.textContent = this.link ? 'Disconnect' : 'Connect';
    this.join.disabled = !this.open;
    this.each((lobby) => (this.open ? lobby.subscribe() : lobby.lost()));
  }

  /** got gives a frame to the lobby whose it is. */
  got(text) {
    const frame = JSON.parse(text);
    this.lobbies.get(frame.topic)?.got(frame, text);
  }

  send(topic, action, payload) {
    if (this.open) this.link.send(JSON.stringify({ topic, ref: action, action, payload }));
  }

  each(what) { this.lobbies.forEach(what); }
}

/** A guest's subscription to one topic, also while there is no connection. */
class Lobby {
  constructor(template, guest, topic, room) {
    this.guest = guest;
    this.topic = topic;
    this.place = null; // up to there everything has come
    this.members = new Map(); // names by key
    this.element = template.content.firstElementChild.cloneNode(true);
    const find = (selector) => this.element.querySelector(selector);
    find('.name').textContent = room;
    this.there = find('.there');
    this.text = find('.words');
    this.text.setAttribute('aria-label', `What ${guest.name} posts in ${room}`);
    this.post = find('.speak button');
    find('.said').setAttribute('aria-label', `What ${guest.name} hears in ${room}`);
    this.list = new List(find('.said'), (frame) => this.said(JSON.parse(frame)));
    find('.leave').addEventListener('click', () => this.leave());
    find('.speak').addEventListener('submit', (e) => {
      e.preventDefault();
      if (this.text.value === '') return;
      guest.send(topic, 'post', { body: this.text.value });
      this.text.value = '';
    });
  }

  /** subscribe asks for what was missed, where it is known since when. */
  subscribe() {
    this.guest.send(this.topic, 'subscribe', this.place ? { recover: this.place } : undefined);
  }

  leave() {
    this.guest.send(this.topic, 'unsubscribe');
    this.guest.lobbies.delete(this.topic);
    this.element.remove();
  }

  lost() {
    this.members.clear();
    this.show(false);
  }

  got({ action, payload, seq }, text) {
    this.list.got(text);
    switch (action) {
      case 'subscribed':
        this.subscribed(payload);
        break;
      case 'presence_state':
        this.members = new Map(payload.members.map(({ key, info }) => [key, info.name]));
        break;
      case 'presence_joined':
        this.members.set(payload.key, payload.info.name);
        break;
      case 'presence_left':
        this.members.delete(payload.key);
        break;
      default:
        if (seq !== undefined) this.place.seq = seq;
    }
    this.show(true);
  }

  /** What was missed follows with positions of its own, or can't be had. */
  subscribed({ recovered, seq, epoch }) {
    if (recovered) {
      this.list.info(`posts that were missed: ${seq - this.place.seq}`);
      return;
    }
    if (this.place) this.list.info('posts that were missed are not kept any more');
    this.place = { seq, epoch };
  }

  show(on) {
    this.there.textContent = [...this.members.values()].join(', ');
    this.text.disabled = !on;
    this.post.disabled = !on;
  }

  /** said is what the guest hears of a frame, null of most. */
  said({ action, payload }) {
    switch (action) {
      case 'room_event': return `${payload.author ?? 'anonymous'}: ${payload.body}`;
      case 'presence_joined': return `${payload.info.name} is here`;
      case 'presence_left': return `${this.members.get(payload.key)} has gone`;
      case 'error': return payload.detail;
      default: return null;
    }
  }
}
