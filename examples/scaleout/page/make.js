// Elements, made of text and never of HTML.

/** Makes an element. */
export function make(tag, className = '', text = '') {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.textContent = text;
  return element;
}

/** Makes what a template has. */
export function clone(id) {
  return document.getElementById(id).content.firstElementChild.cloneNode(true);
}

const colours = new Map();

/** Gives an element the colour of a process, of which there are six. */
export function paint(element, process) {
  if (process !== 'worker' && !colours.has(process)) colours.set(process, String(colours.size % 6));
  element.dataset.colour = process === 'worker' ? 'worker' : colours.get(process);
}

/** Writes how long ago a time was. */
export function since(time) {
  const seconds = Math.max(0, Math.round((Date.now() - new Date(time)) / 1000));
  if (seconds < 120) return `${seconds} s`;
  return seconds < 7200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
}
