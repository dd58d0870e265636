import type { Channel, Document, Schema, Server } from "../document";
import { at, from, step, type Json, type Obj } from "../form/json";
import { validate } from "../form/validate";
import { synthesise } from "../schema/example";
import { record } from "../value";
import {
  asObj,
  origin,
  parameterSchema,
  preferred,
  query,
  queryWay,
  serversOf,
  subprotocolProblem,
  url,
  ways,
  type Place,
} from "./address";
import { problemsOf } from "./frames";

// Settings are what a reader fills in to connect: an object with a schema, which
// the form is made from that messages have, too.

const object = (properties: Record<string, Schema>): Schema => ({ type: "object", properties, required: Object.keys(properties) });

/** serverOf is the server that is chosen. */
export function serverOf(channel: Channel, settings: Obj, place: Place): Server {
  const servers = serversOf(channel);
  return servers.find(({ id }) => id === settings.get("server")) ?? preferred(servers, place);
}

/** settingsSchema is the schema of what there is to fill in for a channel at a server. */
export function settingsSchema(channel: Channel, server: Server): Schema {
  const properties: Record<string, Schema> = {};
  const servers = serversOf(channel);
  if (servers.length > 1) properties["server"] = { enum: servers.map(({ id }) => id), default: server.id };
  if (server.variables.length) properties["variables"] = parameterSchema(server.variables);
  if (channel.parameters.length) properties["path"] = parameterSchema(channel.parameters);
  if (channel.query !== undefined) properties["query"] = channel.query;
  const offers = channel.subprotocols.filter((name) => name !== "bearer.*");
  if (offers.length) {
    const offer = (name: string): Schema =>
      name.endsWith("*") ? { type: "string", description: "What stands for the star", default: "" } : { const: "offered" };
    properties["subprotocols"] = { type: "object", properties: record(offers.map((name) => [name, offer(name)])) };
  }
  const schema = object(properties);
  const [way, ...others] = ways(channel);
  if (!way) return schema;
  if (others.length) properties["token in"] = { enum: [way, ...others] };
  const token = {
    type: "string",
    format: "password",
    default: "",
    description: `Sent in ${others.length ? "what is chosen" : way}; forgotten when the page is left.`,
  };
  const wanted = channel.security.length > 0 && !channel.securityOptional;
  return {
    ...(object(properties) as object),
    properties: { ...properties, token },
    ...(wanted && { required: [...Object.keys(properties), "token"] }),
  };
}

/** settingsFor are those that connecting to a server begins with. */
export const settingsFor = (document: Document, channel: Channel, server: Server): Obj =>
  asObj(from(synthesise(document, settingsSchema(channel, server), { optional: false })));

/** Plan is what comes of settings. */
export interface Plan {
  readonly url: string;
  /** The URL without the token. */
  readonly shown: string;
  readonly protocols: readonly string[];
  /** By the paths of settings. */
  readonly problems: ReadonlyMap<string, readonly string[]>;
}

export function plan(document: Document, channel: Channel, settings: Obj, place: Place): Plan {
  const server = serverOf(channel, settings, place);
  const part = (name: string): Obj => asObj(settings.get(name) ?? null);
  const text = (value: Json | undefined) => (typeof value === "string" ? value : "");
  const found = validate(settingsSchema(channel, server), settings, document.resolve);
  const token = text(settings.get("token"));
  const way = text(settings.get("token in")) || ways(channel)[0];
  const inQuery = way?.startsWith(queryWay);
  const protocols = [...part("subprotocols")].map(([name, rest]) => (name.endsWith("*") ? name.slice(0, -1) + text(rest) : name));
  if (token && !inQuery) protocols.push(`bearer.${token}`);
  for (const name of ["/token", ...[...part("subprotocols").keys()].map((name) => step("/subprotocols", name))]) {
    const value = at(settings, name);
    const message = inQuery && name === "/token" ? "" : subprotocolProblem(text(value));
    if (message) found.push({ path: name, message });
    else if (name.endsWith("*") && !value) found.push({ path: name, message: "is required" });
  }
  const whole = (token: string) => {
    const values = token && inQuery ? new Map(part("query")).set(way!.slice(queryWay.length), token) : part("query");
    return url(origin(server, part("variables"), place), channel.address, part("path"), query(values));
  };
  return {
    url: whole(token),
    shown: whole(token && "…").replace("%E2%80%A6", "…"),
    protocols: [...new Set(protocols)],
    problems: problemsOf(found),
  };
}
