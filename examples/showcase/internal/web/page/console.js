// The console: one route at a time, with all that can be said to it.

import { Link, List, url } from './link.js';
import { sample } from './sample.js';

/** Console shows sockets as /routes.json describes them, in the elements that byId finds. */
export class Console {
  constructor(sockets, byId) {
    this.byId = byId;
    this.list = new List(byId('frames'), compact);
    this.link = null;
    this.refs = 0;
    byId('routes').append(...sockets.map((socket) => this.button(socket)));
    this.wire();
    this.choose(sockets[0]);
  }

  button(socket) {
    const item = document.createElement('li');
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = socket.path;
    button.addEventListener('click', () => this.choose(socket));
    socket.button = button;
    item.append(button);
    return item;
  }

  wire() {
    const { byId } = this;
    on(byId('connect'), 'submit', () => (this.link ? this.link.close() : this.connect()));
    on(byId('compose'), 'submit', () => this.send());
    on(byId('publish'), 'submit', () => this.publish());
    on(byId('message'), 'change', () => this.template());
    on(byId('reset'), 'click', () => this.template());
    on(byId('event'), 'change', () => this.eventTemplate());
    on(byId('group'), 'change', () => this.events());
    on(byId('clear'), 'click', () => this.list.clear());
    byId('frame').addEventListener('keydown', (e) => {
      if (e.key === 'Enter' && (e.ctrlKey || e.metaKey)) {
        e.preventDefault();
        this.send();
      }
    });
  }

  /** choose shows a route; a connection to another one ends. */
  choose(socket) {
    if (this.socket) this.socket.button.removeAttribute('aria-current');
    this.link?.close();
    this.link = null;
    this.socket = socket;
    socket.button.setAttribute('aria-current', 'true');
    const { byId } = this;
    byId('route-path').textContent = socket.path;
    byId('route-about').textContent = socket.description;
    byId('params').replaceChildren(
      ...socket.params.map((name) => field(name, 'lobby')),
      ...socket.query.map((name) => field(name, 'ada')),
      ...(socket.token ? [field('Your name, for the token', 'ada', 'token')] : []),
    );
    fill(byId('message'), socket.messages.map(titled), socket.messages.findIndex((m) => m.action !== 'ping'));
    fill(byId('group'), socket.groups.map(filled));
    byId('publish').hidden = socket.groups.length === 0 || socket.events.length === 0;
    this.template();
    if (!byId('publish').hidden) this.events();
    this.show();
  }

  /** template puts the chosen message into the text that is sent. */
  async template() {
    const { byId, socket } = this;
    const chosen = () => this.socket.messages[byId('message').selectedIndex];
    const message = chosen();
    const fresh = socket.token && message.action === 'authentication' ? await token(this.values().token) : null;
    if (chosen() !== message) return; // meanwhile it is another one
    this.refs += 1;
    const frame = { action: message.action, ref: String(this.refs) };
    if (message.topic) frame.topic = filled(message.topic);
    if (message.schema) frame.payload = fresh ? { token: fresh } : sample(message.schema);
    byId('frame').value = JSON.stringify(frame, null, 2);
    byId('message').title = message.summary ?? '';
  }

  /** events offers those of the chosen group. */
  events() {
    const { byId, socket } = this;
    const topic = socket.groups[byId('group').selectedIndex];
    this.offered = socket.events.filter((e) => !e.topic || e.topic === topic);
    fill(byId('event'), this.offered.map((e) => e.action));
    this.eventTemplate();
  }

  eventTemplate() {
    const { byId } = this;
    const event = this.offered[byId('event').selectedIndex];
    byId('event-group').textContent = byId('group').value;
    byId('published').textContent = '';
    const body = { action: event.action };
    if (event.schema) body.payload = sample(event.schema);
    byId('event-body').value = JSON.stringify(body, null, 2);
  }

  /** values are what the inputs say, by name. */
  values() {
    const values = {};
    for (const input of this.byId('params').querySelectorAll('input')) values[input.name] = input.value;
    return values;
  }

  async connect() {
    const values = this.values();
    const { socket } = this;
    const protocols = socket.token && values.token ? [`bearer.${await token(values.token)}`] : [];
    if (this.link || this.socket !== socket) return; // meanwhile somebody was quicker
    const link = new Link(url(socket.path, values, socket.query), protocols, this.list, () => {
      if (this.link !== link) return;
      if (link.state === 'lost') this.link = null;
      this.show(link.state);
    });
    this.link = link;
    this.show('opening');
  }

  send() {
    if (this.link?.state === 'open') this.link.send(this.byId('frame').value);
  }

  async publish() {
    const { byId } = this;
    const output = byId('published');
    const response = await fetch(`/events/${encodeURIComponent(byId('group').value)}`, {
      method: 'POST', headers: { 'Content-Type': 'application/json' }, body: byId('event-body').value,
    });
    const text = await response.text();
    output.dataset.is = response.ok ? 'good' : 'bad';
    output.textContent = response.ok ? `${response.status}: published` : `${response.status}: ${text}`;
  }

  /** show tells how the connection is. */
  show(is = this.link?.state ?? 'none') {
    const { byId } = this;
    const words = { none: 'not connected', opening: 'connecting', open: 'connected', lost: 'disconnected' };
    byId('state').dataset.is = is;
    byId('state').textContent = words[is];
    byId('send').disabled = is !== 'open';
    byId('connect-button').textContent = this.link ? 'Disconnect' : 'Connect';
  }
}

/** compact is a frame on one line, where it is JSON. */
function compact(text) {
  try {
    return JSON.stringify(JSON.parse(text));
  } catch {
    return text;
  }
}

/** titled is how a message is offered. */
function titled({ action, topic }) {
  return topic ? `${action} ${topic}` : action;
}

/** filled is a topic of a pattern, to begin with. */
function filled(pattern) {
  return pattern.replace('{user}', 'ada').replace(/\{[^}]+\}/g, 'lobby');
}

/** token asks the server for one, in a name. */
async function token(name) {
  const response = await fetch(`/token?sub=${encodeURIComponent(name)}`);
  return response.ok ? (await response.json()).token : 'none';
}

/** on listens to an event that does nothing else then. */
function on(element, type, handle) {
  element.addEventListener(type, (e) => {
    e.preventDefault();
    handle();
  });
}

function field(label, value, name = label) {
  const element = document.createElement('label');
  const input = document.createElement('input');
  input.name = name;
  input.value = value;
  input.autocomplete = 'off';
  element.append(label, input);
  return element;
}

function fill(select, values, chosen = 0) {
  select.replaceChildren(...values.map((value) => new Option(value, value)));
  select.selectedIndex = values.length > 0 ? Math.max(chosen, 0) : -1;
}
