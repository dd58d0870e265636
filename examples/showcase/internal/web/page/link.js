// One WebSocket to the server, and a list that shows what goes over it.

/** url is the address of a socket on this page's own server. */
export function url(path, values, query = []) {
  const filled = path.replace(/\{([^}]+)\}/g, (_, name) => encodeURIComponent(values[name] ?? ''));
  const asked = new URLSearchParams(query.map((name) => [name, values[name] ?? '']));
  return `${location.origin.replace(/^http/, 'ws')}${filled}${query.length > 0 ? `?${asked}` : ''}`;
}

/** A connection. changed is called when it opens and when it has ended. */
export class Link {
  constructor(address, protocols, list, changed) {
    this.list = list;
    this.state = 'opening';
    this.socket = new WebSocket(address, protocols);
    this.socket.addEventListener('open', () => {
      this.state = 'open';
      list.info('connected');
      changed(this);
    });
    this.socket.addEventListener('message', ({ data }) => list.got(data));
    this.socket.addEventListener('close', ({ code, reason }) => {
      const refused = this.state === 'opening';
      this.state = 'lost';
      list.info(refused
        ? 'not connected: the server refused, and a browser does not get to know why'
        : `closed with ${code}${reason ? `: ${reason}` : ''}`);
      changed(this);
    });
  }

  /** Sends a text. */
  send(text) {
    this.socket.send(text);
    this.list.sent(text);
  }

  /** Closes the connection; the list hears of it. */
  close() {
    this.socket.close(1000);
  }
}

const most = 500; // entries of a list

/** The entries of an element, the newest last. show turns a frame into a text, or null to leave it out. */
export class List {
  constructor(element, show = (text) => text) {
    this.element = element;
    this.show = show;
  }

  sent(text) { this.add('sent', '→', 'sent', text); }

  got(text) { this.add(failed(text) ? 'got bad' : 'got', '←', 'received', text); }

  info(text) { this.append('info', '·', 'note', text); }

  clear() { this.element.replaceChildren(); }

  add(kind, arrow, label, frame) {
    const text = this.show(frame, kind);
    if (text !== null) this.append(kind, arrow, label, text);
  }

  append(kind, arrow, label, text) {
    const { element } = this;
    const follow = element.scrollHeight - element.scrollTop - element.clientHeight < 40;
    const entry = document.createElement('li');
    entry.className = kind;
    const time = make('time', 'stamp', stamp(new Date()));
    const way = make('span', 'way', arrow);
    way.setAttribute('role', 'img');
    way.setAttribute('aria-label', label);
    entry.append(time, way, make('span', 'text', text));
    element.append(entry);
    while (element.childElementCount > most) element.firstElementChild.remove();
    if (follow) element.scrollTop = element.scrollHeight;
  }
}

/** failed says whether a frame tells of an error. */
function failed(text) {
  try {
    return JSON.parse(text).action === 'error';
  } catch {
    return false;
  }
}

function make(tag, className, text) {
  const element = document.createElement(tag);
  element.className = className;
  element.textContent = text;
  return element;
}

/** stamp is a time of day with milliseconds. */
function stamp(date) {
  const two = (n) => String(n).padStart(2, '0');
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${String(date.getMilliseconds()).padStart(3, '0')}`;
}
