// One client: a connection to some process, which comes back through another when
// that is gone, and goes on where it was.

const patience = 400; // before the next attempt, in milliseconds; more with every failure

export class Link {
  /** peers are the processes; home is the name of the one to begin with. on has functions: changed, frame. */
  constructor(user, room, peers, home, on) {
    Object.assign(this, { user, room, topic: `room:${room}`, peers, on });
    this.at = Math.max(0, peers.findIndex(({ name }) => name === home));
    this.position = null; // of the last frame of the topic
    this.failures = 0;
    this.refs = 0;
    this.requests = new Map(); // what waits for an answer, by ref
    this.open();
  }

  /** The process to which the client is connected, or tries to connect. */
  get peer() { return this.peers[this.at]; }

  open() {
    clearTimeout(this.timer);
    this.set('connecting', '');
    const socket = new WebSocket(`${this.peer.url.replace(/^http/, 'ws')}/ws?user=${encodeURIComponent(this.user)}`);
    this.socket = socket;
    socket.addEventListener('message', ({ data }) => {
      if (this.socket === socket) this.receive(JSON.parse(data));
    });
    socket.addEventListener('close', (event) => {
      if (this.socket === socket) this.closed(event);
    });
  }

  /** Connects to another process. */
  move(name) {
    const old = this.socket;
    this.at = this.peers.findIndex((peer) => peer.name === name);
    this.failures = 0;
    this.open();
    old.close(1000);
    this.forget('moved');
  }

  closed({ code, reason }) {
    this.forget('the connection has ended');
    if (code >= 4500) { // who is told so does not come back by itself
      this.set('out', reason || `closed with ${code}`);
      return;
    }
    this.at = (this.at + 1) % this.peers.length;
    this.failures += 1;
    this.set('lost', 'looking for another process');
    this.timer = setTimeout(() => this.open(), patience * Math.min(this.failures, 8));
  }

  receive(frame) {
    if (frame.ref && this.requests.has(frame.ref)) {
      const { resolve, reject } = this.requests.get(frame.ref);
      this.requests.delete(frame.ref);
      if (frame.action === 'error') reject(new Error(frame.payload.detail || frame.payload.reason));
      else resolve(frame.payload);
      return;
    }
    if (frame.action === 'hello' && !frame.topic) {
      this.failures = 0;
      this.set('open', '');
      this.subscribe();
    }
    if (frame.topic && frame.seq && this.position) this.position.seq = frame.seq;
    this.on.frame(frame);
  }

  async subscribe() {
    const from = this.position;
    try {
      const got = await this.request('subscribe', from ? { recover: from } : undefined, this.topic, (payload) => {
        this.position = from && payload.recovered ? { ...from } : { seq: payload.seq, epoch: payload.epoch };
      });
      this.on.subscribed(from, got);
    } catch (error) {
      this.on.frame({ action: 'error', payload: { detail: error.message } });
      if (this.state === 'open') this.timer = setTimeout(() => this.state === 'open' && this.subscribe(), 1000);
    }
  }

  /** Sends a message, to a topic if one is given, and returns the payload of the answer. at is called with it before any other frame is looked at. */
  request(action, payload, topic, at = () => {}) {
    return new Promise((resolve, reject) => {
      const ref = `${this.refs += 1}`;
      this.requests.set(ref, { resolve: (value) => { at(value); resolve(value); }, reject });
      if (!this.send({ topic, ref, action, payload })) {
        this.requests.delete(ref);
        reject(new Error('not connected'));
      }
    });
  }

  /** Sends a frame, where there is a connection. */
  send(frame) {
    if (this.socket.readyState !== WebSocket.OPEN) return false;
    this.socket.send(JSON.stringify(frame));
    return true;
  }

  forget(why) {
    for (const { reject } of this.requests.values()) reject(new Error(why));
    this.requests.clear();
  }

  set(state, why) {
    this.state = state;
    this.why = why;
    this.on.changed();
  }
}
