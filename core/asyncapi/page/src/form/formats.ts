// The formats that the server checks. What these let through and the server
// doesn't, its answer says.

const control = /[\u0000-\u001f\u007f]/;
const hostname = /^(?=.{1,254}$)(?!-)[a-z\d-]{1,63}(?<!-)(\.(?!-)[a-z\d-]{1,63}(?<!-))*\.?$/i;
const ipv4 = /^((25[0-5]|2[0-4]\d|1?\d|1\d\d|[1-9]\d)(\.(?!$)|$)){4}$/;
const atom = "[\\w!#$%&'*+/=?^`{|}~-]+";
const local = new RegExp(`^(${atom}(\\.${atom})*|"[^"\\\\]+")$`, "i");

function isDate(text: string): boolean {
  const [, year, month, day] = (/^(\d{4})-(\d\d)-(\d\d)$/.exec(text) ?? []).map(Number);
  // The calendar repeats itself every 400 years, and JavaScript reads years below 100 as 19xx.
  const last = new Date(Date.UTC(2000 + (year! % 400), month!, 0)).getUTCDate();
  return month! >= 1 && month! <= 12 && day! >= 1 && day! <= last;
}

function isTime(text: string): boolean {
  const found = /^(\d\d):(\d\d):(\d\d)(?:\.\d+)?(?:z|([+-])(\d\d):(\d\d))$/i.exec(text);
  if (!found) return false;
  const [hour, minute, second, zoneHour, zoneMinute] = [1, 2, 3, 5, 6].map((i) => Number(found[i] ?? 0)) as [number, number, number, number, number];
  if (hour > 23 || minute > 59 || second > 60 || zoneHour > 23 || zoneMinute > 59) return false;
  // A leap second is the last one of its day in UTC.
  const zone = (zoneHour * 60 + zoneMinute) * (found[4] === "-" ? -1 : 1);
  return second < 60 || (hour * 60 + minute - zone + 1440) % 1440 === 1439;
}

const isIPv6 = (text: string): boolean => /^[\da-f:.]*:[\da-f:.]*$/i.test(text) && URL.canParse(`http://[${text}]/`);

function isEmail(text: string): boolean {
  const at = text.lastIndexOf("@");
  const domain = text.slice(at + 1);
  if (at < 1 || at > 64 || text.length > 254 || !local.test(text.slice(0, at))) return false;
  if (!domain.startsWith("[") || !domain.endsWith("]")) return hostname.test(domain);
  const address = domain.slice(1, -1);
  return address.startsWith("IPv6:") ? isIPv6(address.slice(5)) : ipv4.test(address);
}

/** formats says of each whether a text is one. */
export const formats = new Map<string, (text: string) => boolean>([
  ["date", isDate],
  ["time", isTime],
  ["date-time", (text) => /^.{10}t/i.test(text) && isDate(text.slice(0, 10)) && isTime(text.slice(11))],
  ["email", isEmail],
  ["hostname", (text) => hostname.test(text)],
  ["ipv4", (text) => ipv4.test(text)],
  ["ipv6", isIPv6],
  ["uri", (text) => /^[a-z][a-z\d+.-]*:/i.test(text) && !control.test(text)],
  ["uri-reference", (text) => !text.includes("\\") && !control.test(text)],
  ["uuid", (text) => /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i.test(text)],
  ["json-pointer", (text) => /^(\/([^~]|~[01])*)?$/s.test(text)],
]);
