/** Route is what the part of the page's address behind the # asks for. */
export type Route =
  | { readonly kind: "overview" }
  | { readonly kind: "channel"; readonly channel: string; readonly message?: string }
  | { readonly kind: "schema"; readonly schema: string }
  | { readonly kind: "unknown"; readonly hash: string };

/** parse reads a location's hash; it takes what it doesn't know for unknown. */
export function parse(hash: string): Route {
  const parts = hash.replace(/^#?\/?/, "").replace(/\/$/, "").split("/").map(decoded);
  const [kind, name, under, id] = parts;
  if (parts.length === 1 && !kind) return { kind: "overview" };
  if (kind === "channel" && name) {
    if (parts.length === 2) return { kind, channel: name };
    if (parts.length === 4 && under === "message" && id) return { kind, channel: name, message: id };
  }
  if (kind === "schema" && name && parts.length === 2) return { kind, schema: name };
  return { kind: "unknown", hash };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** link is the hash that leads to a channel, or to a message of one. */
export function link(channel: string, message?: string): string {
  const to = `#/channel/${encodeURIComponent(channel)}`;
  return message === undefined ? to : `${to}/message/${encodeURIComponent(message)}`;
}

/** schemaLink is the hash that leads to a schema of the components. */
export function schemaLink(name: string): string {
  return `#/schema/${encodeURIComponent(name)}`;
}
