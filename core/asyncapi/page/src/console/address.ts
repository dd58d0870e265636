import type { Channel, Parameter, Schema, Server } from "../document";
import { isList, isObj, plain, type Json, type Obj } from "../form/json";
import { record } from "../value";

/** Place is what the console needs of the page's own location. */
export interface Place {
  readonly host: string;
  /** Such as "https:". */
  readonly protocol: string;
}

/** What stands in for the servers of a document that has none. */
const own: Server = {
  id: "current",
  host: "",
  pathname: "",
  protocol: "",
  title: "",
  summary: "",
  description: "",
  variables: [],
  security: [],
};

export const serversOf = (channel: Channel): readonly Server[] => (channel.servers.length ? channel.servers : [own]);

/** preferred is the server that the page came from, else the first. */
export function preferred(servers: readonly Server[], place: Place): Server {
  return servers.find(({ id, host }) => id === own.id || host === place.host) ?? servers[0] ?? own;
}

const fill = (text: string, values: Obj, encode: (value: string) => string): string =>
  text.replace(/\{([^{}]+)\}/g, (whole, name: string) => (values.has(name) ? encode(plain(values.get(name)!)) : whole));

/** origin is scheme, host and pathname of a server, with its variables filled in. */
export function origin(server: Server, variables: Obj, place: Place): string {
  const here = place.protocol === "https:" ? "wss" : "ws";
  const as = (text: string) => fill(text, variables, (value) => value);
  const pathname = as(server.pathname)
    .replace(/^\/*(?=.)/, "/")
    .replace(/\/+$/, "");
  if (server.id === own.id) return `${here}://${place.host}${pathname}`;
  return `${/^wss?$/.test(server.protocol) ? server.protocol : here}://${as(server.host)}${pathname}`;
}

/** query is the text after the question mark: a list has its name once for each item, and null isn't sent. */
export function query(values: Obj): string {
  const pairs = [...values].flatMap(([name, value]) =>
    (isList(value) ? value : [value]).filter((one) => one !== null).map((one) => [name, plain(one)] as const),
  );
  return pairs.map((pair) => pair.map(encodeURIComponent).join("=")).join("&");
}

/** url is the whole URL of a channel. */
export function url(origin: string, address: string, path: Obj, search: string): string {
  return origin + fill(address, path, encodeURIComponent) + (search && `?${search}`);
}

/** parameterSchema is the schema of what parameters are filled in with. Browsers take . and .. for a way in the path. */
export function parameterSchema(parameters: readonly Parameter[]): Schema {
  const schema = ({ description, enum: values, default: preset, examples }: Parameter): Schema => ({
    type: "string",
    minLength: 1,
    description,
    not: { enum: [".", ".."] },
    default: preset ?? examples[0] ?? values[0] ?? "",
    examples,
    ...(values.length && { enum: values }),
  });
  return {
    type: "object",
    properties: record(parameters.map((parameter) => [parameter.name, schema(parameter)])),
    required: parameters.map((parameter) => parameter.name),
  };
}

/** The characters of a token of RFC 9110, which a subprotocol is. */
const unfit = /[^!#$%&'*+\-.^_`|~\da-z]/iu;

/** subprotocolProblem says why a browser would refuse a text as a subprotocol, or as a part of one. */
export function subprotocolProblem(text: string): string | undefined {
  const found = unfit.exec(text);
  if (!found) return undefined;
  return `can't have ${found[0] === " " ? "a space" : JSON.stringify(found[0])}, as no subprotocol can`;
}

/** What the way begins with that puts a token into the query. */
export const queryWay = "the query's ";

/** ways say how a token can be sent from a browser: in a subprotocol, or in the query. */
export function ways(channel: Channel): string[] {
  const keys = channel.security.filter((scheme) => scheme.type === "httpApiKey" && scheme.in === "query" && scheme.name);
  return [
    ...(channel.subprotocols.includes("bearer.*") ? ["the subprotocol bearer.…"] : []),
    ...keys.map((scheme) => queryWay + scheme.name),
  ];
}

/** patternOf is what the topics of a pattern such as "room:{room}" match. */
export function patternOf(pattern: string): RegExp {
  const parts = pattern.split(/(\{[^{}]*\})/).map((part) => (part.startsWith("{") ? "[^:]+" : part.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&")));
  return new RegExp(`^${parts.join("")}$`, "su");
}

/** topicName fills in a pattern. */
export const topicName = (pattern: string, values: Obj): string => fill(pattern, values, (value) => value);

export const emptyObj: Obj = new Map<string, Json>();
export const asObj = (value: Json): Obj => (isObj(value) ? value : emptyObj);
