import type { Channel, Document, Example, Link, Message, Parameter, Schema, Security, Server, Tag, Topic } from "./document";
import { isObject, list, member, members, strings, text } from "./value";

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** How often a reference may lead to a reference. */
const hops = 32;

/** The actions that the framework sends and takes by itself. */
const frameworks = new Set([
  "error",
  "complete",
  "event_complete",
  "group_complete",
  "stream_cancel",
  "stream_end",
  "authentication",
  "authentication.refresh",
]);
const frameworksOfTopics = new Set([
  "subscribe",
  "subscribed",
  "unsubscribe",
  "unsubscribed",
  "presence_state",
  "presence_joined",
  "presence_left",
]);

/** read makes a document of what an AsyncAPI document was parsed into. */
export function read(raw: unknown): Document {
  return new Reader(raw).document();
}

/** isSchema tells a schema from what is none. */
export function isSchema(value: unknown): value is Schema {
  return typeof value === "boolean" || isObject(value);
}

/** pointed is what a local reference such as "#/components/schemas/User" points to. */
export function pointed(root: unknown, reference: string): unknown {
  if (reference === "#") return root;
  if (!reference.startsWith("#/")) return undefined;
  let value = root;
  for (const part of reference.slice(2).split("/")) {
    const key = unescaped(part);
    value = Array.isArray(value) ? value[Number(key)] : member(value, key);
  }
  return value;
}

function unescaped(part: string): string {
  let decoded = part;
  try {
    decoded = decodeURIComponent(part);
  } catch {
    // A percent sign that stands for itself.
  }
  return decoded.replaceAll("~1", "/").replaceAll("~0", "~");
}

class Reader {
  constructor(private readonly raw: unknown) {}

  document(): Document {
    const info = this.member(this.raw, "info");
    const servers = members(member(this.raw, "servers")).map(([id, server]) => this.server(id, server));
    const channels = this.channels(servers);
    const contact = this.member(info, "contact");
    const license = this.member(info, "license");
    return {
      raw: this.raw,
      asyncapi: text(member(this.raw, "asyncapi")),
      title: text(member(info, "title")),
      version: text(member(info, "version")),
      description: text(member(info, "description")),
      termsOfService: text(member(info, "termsOfService")),
      contact: isObject(contact)
        ? { name: text(member(contact, "name")), url: text(member(contact, "url")), email: text(member(contact, "email")) }
        : undefined,
      license: isObject(license) ? { name: text(member(license, "name")), url: text(member(license, "url")) } : undefined,
      link: this.link(info),
      tags: this.tags(info),
      servers,
      security: members(this.component("securitySchemes")).map(([id, scheme]) => this.security(id, scheme)),
      channels,
      schemas: new Map(
        members(this.component("schemas")).filter((entry): entry is [string, Schema] => isSchema(entry[1])),
      ),
      channel: (id) => channels.find((channel) => channel.id === id),
      resolve: (value) => this.resolve(value),
    };
  }

  private component(kind: string): unknown {
    return member(member(this.raw, "components"), kind);
  }

  private resolve(value: unknown): unknown {
    for (let hop = 0; hop < hops; hop++) {
      const reference = member(value, "$ref");
      if (typeof reference !== "string") return value;
      value = pointed(this.raw, reference);
    }
    return undefined;
  }

  private member(value: unknown, key: string): unknown {
    return this.resolve(member(value, key));
  }

  private schema(value: unknown, key: string): Schema | undefined {
    const schema = member(value, key);
    return isSchema(schema) ? schema : undefined;
  }

  private link(value: unknown): Link | undefined {
    const docs = this.member(value, "externalDocs");
    const url = text(member(docs, "url"));
    return url ? { url, description: text(member(docs, "description")) } : undefined;
  }

  private tags(value: unknown): Tag[] {
    return list(member(value, "tags"))
      .map((tag) => this.resolve(tag))
      .filter((tag) => text(member(tag, "name")) !== "")
      .map((tag) => ({
        name: text(member(tag, "name")),
        description: text(member(tag, "description")),
        link: this.link(tag),
      }));
  }

  private server(id: string, value: unknown): Server {
    const server = this.resolve(value);
    const field = (key: string) => text(member(server, key));
    return {
      id,
      host: field("host"),
      pathname: field("pathname"),
      protocol: field("protocol"),
      title: field("title"),
      summary: field("summary"),
      description: field("description"),
      variables: members(member(server, "variables")).map(([name, variable]) => {
        const parameter = this.parameter(name, variable);
        return { ...parameter, default: parameter.default ?? parameter.enum[0] ?? "" };
      }),
      security: this.securities(member(server, "security")),
    };
  }

  private securities(value: unknown): Security[] {
    return list(value).map((item) => this.security(this.nameOf(item), item));
  }

  /** The last part of a reference, which is the id of a component. */
  private nameOf(value: unknown): string {
    return unescaped(text(member(value, "$ref")).split("/").pop() ?? "");
  }

  private security(id: string, value: unknown): Security {
    const scheme = this.resolve(value);
    const field = (key: string) => text(member(scheme, key));
    return {
      id,
      type: field("type"),
      scheme: field("scheme"),
      in: field("in"),
      name: field("name"),
      bearerFormat: field("bearerFormat"),
      description: field("description"),
    };
  }

  private parameter(name: string, value: unknown): Parameter {
    const parameter = this.resolve(value);
    const preset = member(parameter, "default");
    return {
      name,
      description: text(member(parameter, "description")),
      enum: strings(member(parameter, "enum")),
      default: typeof preset === "string" ? preset : undefined,
      examples: strings(member(parameter, "examples")),
    };
  }

  /** The parameters of an address, in the order in which it has them. */
  private parameters(address: string, value: unknown): Parameter[] {
    const names = new Set([...address.matchAll(/\{([^{}]+)\}/g)].map((match) => match[1] ?? ""));
    return [...names].map((name) => this.parameter(name, member(value, name)));
  }

  private channels(servers: readonly Server[]): Channel[] {
    const sources = members(member(this.raw, "channels")).map(([id, value]) => ({ id, value: this.resolve(value) }));
    const operations = new Operations(
      this.raw,
      (value) => this.resolve(value),
      new Map(sources.map((source) => [source.value, source.id])),
    );
    const channels = sources.map(({ id, value }) => this.channel(id, value, servers, operations.of(id)));
    nest(channels);
    return channels;
  }

  private channel(id: string, value: unknown, servers: readonly Server[], operations: readonly Operation[]): Writable<Channel> {
    const field = (key: string) => text(member(value, key));
    const ws = this.resolve(member(this.member(value, "bindings"), "ws"));
    const allowed = new Set(list(member(value, "servers")).map((server) => this.nameOf(server)));
    const security = operations.flatMap((operation) => this.securities(member(operation.value, "security")));
    const channel: Writable<Channel> = {
      id,
      address: field("address"),
      title: field("title"),
      summary: field("summary"),
      description: field("description"),
      tags: this.tags(value),
      link: this.link(value),
      parameters: this.parameters(field("address"), member(value, "parameters")),
      query: this.schema(ws, "query"),
      headers: this.schema(ws, "headers"),
      cookies: this.schema(ws, "x-cookies"),
      subprotocols: strings(member(value, "x-subprotocols")),
      security: [...new Map(security.map((scheme) => [scheme.id, scheme])).values()],
      securityOptional: member(value, "x-security-optional") === true,
      topic: topic(member(value, "x-topic")),
      consumer: undefined,
      topics: [],
      messages: [],
      servers: allowed.size ? servers.filter((server) => allowed.has(server.id)) : servers,
    };
    channel.messages = this.messages(channel, member(value, "messages"), operations);
    return channel;
  }

  private messages(channel: Channel, value: unknown, operations: readonly Operation[]): Message[] {
    const found = new Map(
      members(value).map(([id, message]) => [id, this.message(id, channel, this.resolve(message))]),
    );
    for (const operation of operations) {
      const of = (ids: readonly string[]) => ids.map((id) => found.get(id)).filter((message) => message !== undefined);
      const messages = operation.messages ? of(operation.messages) : [...found.values()];
      const replies = of(operation.replies);
      for (const message of messages) {
        if (operation.receives) {
          message.received = true;
          message.replies = [...new Set([...message.replies, ...replies])];
        } else {
          message.sent = true;
        }
        message.summary ||= text(member(operation.value, "summary"));
        message.description ||= text(member(operation.value, "description"));
      }
      for (const reply of replies) {
        reply.sent = true;
        reply.answers = [...new Set([...reply.answers, ...messages])];
      }
    }
    return [...found.values()];
  }

  private message(id: string, channel: Channel, value: unknown): Writable<Message> {
    const field = (key: string) => text(member(value, key));
    const payload = this.schema(value, "payload") ?? true;
    const discriminator = this.discriminator(payload);
    const name = typeof discriminator?.value === "string" ? discriminator.value : field("name") || id;
    return {
      id,
      channel,
      received: false,
      sent: false,
      name,
      title: field("title"),
      summary: field("summary"),
      description: field("description"),
      deprecated: member(value, "deprecated") === true || member(value, "x-deprecated") === true,
      tags: this.tags(value),
      link: this.link(value),
      payload,
      discriminator,
      replies: [],
      answers: [],
      examples: list(member(value, "examples")).filter((example) => isObject(example) && "payload" in example).map(example),
      framework: frameworks.has(name) || (channel.topic !== undefined && frameworksOfTopics.has(name)),
    };
  }

  /** A member that is required and has a constant; other generators forget the former. */
  private discriminator(payload: Schema): Message["discriminator"] {
    const schema = this.resolve(payload);
    const required = strings(member(schema, "required"));
    const constants = members(this.member(schema, "properties"))
      .map(([name, property]) => ({ name, value: member(this.resolve(property), "const") }))
      .filter(({ value }) => typeof value === "string");
    return constants.find(({ name }) => required.includes(name)) ?? constants.find(({ name }) => name === "action");
  }
}

interface Operation {
  readonly value: unknown;
  readonly receives: boolean;
  /** Ids of messages of the channel; undefined for all. */
  readonly messages: readonly string[] | undefined;
  readonly replies: readonly string[];
}

/** Operations are those of a document by the channels that they are on. */
class Operations {
  private readonly byChannel = new Map<string, Operation[]>();

  constructor(root: unknown, resolve: (value: unknown) => unknown, channels: ReadonlyMap<unknown, string>) {
    for (const [, reference] of members(member(root, "operations"))) {
      const value = resolve(reference);
      const id = channels.get(resolve(member(value, "channel")));
      const action = text(member(value, "action"));
      if (id === undefined || (action !== "receive" && action !== "send")) continue;
      const messages = member(value, "messages");
      const reply = resolve(member(value, "reply"));
      const operation: Operation = {
        value,
        receives: action === "receive",
        messages: Array.isArray(messages) ? messages.map(messageId) : undefined,
        replies: list(member(reply, "messages")).map(messageId),
      };
      this.byChannel.set(id, [...(this.byChannel.get(id) ?? []), operation]);
    }
  }

  of(channel: string): readonly Operation[] {
    return this.byChannel.get(channel) ?? [];
  }
}

/** The id of a message that is referred to as "#/channels/chat/messages/say". */
function messageId(value: unknown): string {
  return unescaped(text(member(value, "$ref")).split("/").pop() ?? "");
}

function example(value: unknown): Example {
  return { name: text(member(value, "name")), summary: text(member(value, "summary")), payload: member(value, "payload") };
}

function topic(value: unknown): Topic | undefined {
  if (!isObject(value)) return undefined;
  const schemas = member(value, "parameterSchemas");
  return {
    name: text(member(value, "name")),
    pattern: text(member(value, "pattern")),
    parameters: strings(member(value, "parameters")),
    schema: (parameter) => {
      const schema = member(schemas, parameter);
      return isSchema(schema) ? schema : true;
    },
    history: member(value, "history") === true,
    presence: member(value, "presence") === true,
  };
}

/** nest puts the topics of an address under the channel that they share it with. */
function nest(channels: readonly Writable<Channel>[]) {
  const consumers = new Map<string, Writable<Channel>>();
  for (const channel of channels) {
    if (!channel.topic && !consumers.has(channel.address)) consumers.set(channel.address, channel);
  }
  for (const channel of channels) {
    const consumer = channel.topic ? consumers.get(channel.address) : undefined;
    if (!consumer) continue;
    channel.consumer = consumer;
    consumer.topics = [...consumer.topics, channel];
  }
}
