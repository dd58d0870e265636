// The page: it asks the server what there is, and shows it.

import { Console } from './console.js';
import { lounge } from './lounge.js';
import { rooms } from './rooms.js';

const byId = (id) => document.getElementById(id);

const enterAll = rooms(byId('person'), byId('people'));
byId('enter-all').addEventListener('click', enterAll);
const connectAll = lounge(byId('guest'), byId('lobby'), byId('guests'));
byId('connect-all').addEventListener('click', connectAll);

try {
  const response = await fetch('/routes.json');
  const routes = await response.json();
  new Console(routes, byId);
} catch (error) {
  byId('trouble').textContent = `The server does not say what it has: ${error.message}`;
  byId('trouble').hidden = false;
}
