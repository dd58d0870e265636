// People in rooms, each with a connection of their own.

import { Link, List, url } from './link.js';

const people = [['Ada', 'kitchen'], ['Bob', 'kitchen'], ['Cleo', 'garden']];

/** rooms makes a card for each person and returns a function that lets everybody enter. */
export function rooms(template, element) {
  const all = people.map(([name, room]) => new Person(template, name, room));
  element.append(...all.map((person) => person.card));
  return () => all.forEach((person) => person.link ?? person.enter());
}

class Person {
  constructor(template, name, room) {
    this.name = name;
    this.card = template.content.firstElementChild.cloneNode(true);
    this.link = null;
    const find = (selector) => this.card.querySelector(selector);
    find('.name').textContent = name;
    this.room = find('.room');
    this.room.value = room;
    this.room.setAttribute('aria-label', `${name}'s room`);
    this.button = find('.door button');
    this.text = find('.words');
    this.text.setAttribute('aria-label', `What ${name} says`);
    this.say = find('.speak button');
    find('.said').setAttribute('aria-label', `What ${name} hears`);
    this.list = new List(find('.said'), said);
    find('.door').addEventListener('submit', (e) => {
      e.preventDefault();
      if (this.link) this.link.close();
      else this.enter();
    });
    find('.speak').addEventListener('submit', (e) => {
      e.preventDefault();
      this.speak();
    });
  }

  enter() {
    const link = new Link(url('/ws/room/{room_name}', { room_name: this.room.value }), [], this.list, () => this.show(link.state));
    this.link = link;
    this.show('opening');
  }

  speak() {
    if (this.link?.state !== 'open' || this.text.value === '') return;
    this.link.send(JSON.stringify({ action: 'room_chat', payload: { message: `${this.name}: ${this.text.value}` } }));
    this.text.value = '';
  }

  show(state) {
    if (state === 'lost') this.link = null;
    this.button.textContent = this.link ? 'Leave' : 'Enter';
    this.room.disabled = this.link !== null;
    this.text.disabled = state !== 'open';
    this.say.disabled = state !== 'open';
  }
}

/** said is what a person hears of a frame: one's own words come back with those of the others. */
function said(frame, kind) {
  if (kind === 'sent') return null;
  const { action, payload } = JSON.parse(frame);
  return action === 'error' ? payload.detail : payload.message;
}
