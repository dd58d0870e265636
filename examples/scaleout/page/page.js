// The page: processes, clients, and questions.

import { Client } from './client.js';
import { paint } from './make.js';
import { Processes } from './processes.js';
import { Queries } from './queries.js';

const users = ['ada', 'bob', 'cleo', 'dora', 'emil', 'fay'];
const room = new URLSearchParams(location.search).get('room') || 'lobby';

const config = await (await fetch('/config.json')).json();
document.getElementById('self').textContent = config.self;
document.getElementById('room').textContent = `room:${room}`;
document.getElementById('control-note').hidden = Boolean(config.control);
for (const { name } of config.peers) paint(document.createElement('i'), name); // in their order

const processes = new Processes(document.getElementById('processes'), config);
const clients = config.peers.slice(0, users.length).map(({ name }, i) => new Client(users[i], room, config.peers, name));
document.getElementById('clients').append(...clients.map(({ element }) => element));
const queries = new Queries(clients, processes);

Object.assign(window, { scaleout: { processes, clients, queries } }); // for the console
