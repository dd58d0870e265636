// The formats that are typed most. What these let through and the server doesn't,
// its answer says.

const hostname = String.raw`([a-z\d]([a-z\d-]{0,61}[a-z\d])?\.?)+`;
const time = String.raw`([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?(z|[+-]([01]\d|2[0-3]):[0-5]\d)`;
const matches = (source: string) => {
  const pattern = new RegExp(`^${source}$`, "i");
  return (text: string) => pattern.test(text);
};

const isTime = matches(time);

function isDate(text: string): boolean {
  // JavaScript takes the last days of months that don't have them for the first ones of the next.
  const date = new Date(`${text}T00:00:00Z`);
  return /^\d{4}-\d\d-\d\d$/.test(text) && !isNaN(+date) && date.toISOString().startsWith(text);
}

/** formats says of each whether a text is one. */
export const formats = new Map<string, (text: string) => boolean>([
  ["date", isDate],
  ["time", isTime],
  ["date-time", (text) => /^.{10}t/i.test(text) && isDate(text.slice(0, 10)) && isTime(text.slice(11))],
  ["email", matches(String.raw`("[^"]+"|[\w!#$%&'*+/=?^{|}~\u0060-]+(\.[\w!#$%&'*+/=?^{|}~\u0060-]+)*)@(\[.+\]|${hostname})`)],
  ["uri", matches(String.raw`[a-z][a-z\d+.-]*:[^\x00-\x1f\x7f]*`)],
  ["uuid", matches(String.raw`[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}`)],
]);
