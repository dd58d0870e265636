// The page: it asks the server what there is, and shows it.

import { Console } from './console.js';
import { rooms } from './rooms.js';

const byId = (id) => document.getElementById(id);

const enterAll = rooms(byId('person'), byId('people'));
byId('enter-all').addEventListener('click', enterAll);

try {
  const response = await fetch('/routes.json');
  const routes = await response.json();
  new Console(routes, byId);
} catch (error) {
  byId('trouble').textContent = `The server does not say what it has: ${error.message}`;
  byId('trouble').hidden = false;
}
