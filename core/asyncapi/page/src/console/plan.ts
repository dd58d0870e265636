import type { Channel, Document } from "../document";
import type { Problems } from "../form/field";
import { step, type Obj } from "../form/json";
import { initial } from "../form/model";
import { validate } from "../form/validate";
import { masked, origin, parameterSchema, pathProblem, preferred, query, serversOf, subprotocolProblem, url, ways, asObj, type Place, type Way } from "./address";

/** Settings are what a reader fills in to connect. */
export interface Settings {
  /** An id. */
  server: string;
  /** Of the server's host and pathname. */
  variables: Obj;
  path: Obj;
  query: Obj;
  /** The subprotocols to offer, as the channel has them; of one such as "v1.*" what stands for the star. */
  protocols: ReadonlyMap<string, string>;
  /** Kept for as long as the page is open, and nowhere else. */
  token: string;
  way: Way | undefined;
}

/** settingsFor are those that connecting begins with. */
export function settingsFor(document: Document, channel: Channel, place: Place): Settings {
  const server = preferred(serversOf(channel), place);
  return {
    server: server.id,
    variables: asObj(initial(document, parameterSchema(server.variables))),
    path: asObj(initial(document, parameterSchema(channel.parameters))),
    query: asObj(initial(document, channel.query ?? {})),
    protocols: new Map(),
    token: "",
    way: ways(channel)[0],
  };
}

/** Plan is what comes of settings. */
export interface Plan {
  readonly url: string;
  /** The URL without the token. */
  readonly shown: string;
  readonly protocols: readonly string[];
  /** By "path/name", "query/name", "variables/name", "protocols/name" and "token". */
  readonly problems: Problems;
}

export function plan(document: Document, channel: Channel, settings: Settings, place: Place): Plan {
  const problems = new Map<string, string[]>();
  const report = (path: string, message: string | undefined) => message && problems.set(path, [...(problems.get(path) ?? []), message]);
  const servers = serversOf(channel);
  const server = servers.find(({ id }) => id === settings.server) ?? preferred(servers, place);
  const check = (prefix: string, schema: Parameters<typeof validate>[0], values: Obj) => {
    for (const { path, message } of validate(schema, values, document.resolve)) report(prefix + path, message);
  };
  check("variables", parameterSchema(server.variables), settings.variables);
  check("path", parameterSchema(channel.parameters), settings.path);
  check("query", channel.query ?? true, settings.query);
  for (const [name, value] of settings.path) report(step("path", name), pathProblem(value));
  const protocols = [...settings.protocols].map(([name, rest]) => {
    if (!name.endsWith("*")) return name;
    report(step("protocols", name), rest ? subprotocolProblem(rest) : "is required");
    return name.slice(0, -1) + rest;
  });
  const { token, way } = settings;
  let values = settings.query;
  if (token && way?.kind === "subprotocol") {
    report("token", subprotocolProblem(token));
    protocols.push(`bearer.${token}`);
  }
  if (token && way?.kind === "query") values = new Map([...values, [way.name, token]]);
  const whole = url(origin(server, settings.variables, place), channel.address, settings.path, query(values));
  return { url: whole, shown: way?.kind === "query" ? masked(whole, token) : whole, protocols, problems };
}
