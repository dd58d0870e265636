import type { Channel, Document, Link, Message, Parameter, Schema, Security, Server, Tag, Topic } from "./document";
import { isObject, list, member, members, strings, text, texts } from "./value";

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** How often a reference may lead to a reference. */
const hops = 32;

/** The actions that the framework sends and takes by itself, and those on topics. */
const ours = /^(error|complete|event_complete|group_complete|stream_cancel|stream_end|authentication|authentication\.refresh)$/;
const oursOnTopics = /^(un)?subscribed?$|^presence_(state|joined|left)$/;

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

/** lastOf is the last part of a reference, which is the name of what it points to. */
export function lastOf(reference: string): string {
  return unescaped(reference.slice(reference.lastIndexOf("/") + 1));
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

/** read makes a document of what an AsyncAPI document was parsed into. */
export function read(raw: unknown): Document {
  const info = resolved(raw, raw, "info");
  const contact = resolved(raw, info, "contact");
  const license = resolved(raw, info, "license");
  const servers = members(member(raw, "servers")).map(([id, server]) => serverOf(raw, id, server));
  const channels = channelsOf(raw, servers);
  return {
    raw,
    ...texts(raw, "asyncapi"),
    ...texts(info, "title", "version", "description", "termsOfService"),
    contact: isObject(contact) ? texts(contact, "name", "url", "email") : undefined,
    license: isObject(license) ? texts(license, "name", "url") : undefined,
    link: linkOf(raw, info),
    tags: tagsOf(raw, info),
    servers,
    security: component(raw, "securitySchemes").map(([id, scheme]) => securityOf(raw, id, scheme)),
    channels,
    schemas: new Map(component(raw, "schemas").filter((entry): entry is [string, Schema] => isSchema(entry[1]))),
    channel: (id) => channels.find((channel) => channel.id === id),
    resolve: (value) => resolve(raw, value),
  };
}

// In what follows, root is the document, in which references lead.

function resolve(root: unknown, value: unknown): unknown {
  for (let hop = 0; hop < hops; hop++) {
    const reference = member(value, "$ref");
    if (typeof reference !== "string") return value;
    value = pointed(root, reference);
  }
  return undefined;
}

function resolved(root: unknown, value: unknown, key: string): unknown {
  return resolve(root, member(value, key));
}

function component(root: unknown, kind: string): [string, unknown][] {
  return members(member(member(root, "components"), kind));
}

function schemaOf(value: unknown, key: string): Schema | undefined {
  const schema = member(value, key);
  return isSchema(schema) ? schema : undefined;
}

function linkOf(root: unknown, value: unknown): Link | undefined {
  const link = texts(resolved(root, value, "externalDocs"), "url", "description");
  return link.url ? link : undefined;
}

function tagsOf(root: unknown, value: unknown): Tag[] {
  return list(member(value, "tags"))
    .map((tag) => resolve(root, tag))
    .map((tag) => ({ ...texts(tag, "name", "description"), link: linkOf(root, tag) }))
    .filter((tag) => tag.name);
}

function securityOf(root: unknown, id: string, value: unknown): Security {
  return { id, ...texts(resolve(root, value), "type", "scheme", "in", "name", "bearerFormat", "description") };
}

function securities(root: unknown, value: unknown): Security[] {
  return list(member(value, "security")).map((item) => securityOf(root, nameOf(item), item));
}

function parameterOf(root: unknown, name: string, value: unknown): Parameter {
  const parameter = resolve(root, value);
  const preset = member(parameter, "default");
  return {
    name,
    ...texts(parameter, "description"),
    enum: strings(member(parameter, "enum")),
    default: typeof preset === "string" ? preset : undefined,
    examples: strings(member(parameter, "examples")),
  };
}

function serverOf(root: unknown, id: string, value: unknown): Server {
  const server = resolve(root, value);
  return {
    id,
    ...texts(server, "host", "pathname", "protocol", "title", "summary", "description"),
    variables: members(member(server, "variables")).map(([name, variable]) => {
      const parameter = parameterOf(root, name, variable);
      return { ...parameter, default: parameter.default ?? parameter.enum[0] ?? "" };
    }),
    security: securities(root, server),
  };
}

function channelsOf(root: unknown, servers: readonly Server[]): Channel[] {
  const byChannel = new Map<unknown, unknown[]>();
  for (const [, value] of members(member(root, "operations"))) {
    const operation = resolve(root, value);
    if (!/^(receive|send)$/.test(text(member(operation, "action")))) continue;
    const channel = resolved(root, operation, "channel");
    byChannel.set(channel, [...(byChannel.get(channel) ?? []), operation]);
  }
  const channels = members(member(root, "channels")).map(([id, reference]) => {
    const value = resolve(root, reference);
    return channelOf(root, id, value, servers, (isObject(value) && byChannel.get(value)) || []);
  });
  nest(channels);
  return channels;
}

function channelOf(root: unknown, id: string, value: unknown, servers: readonly Server[], operations: readonly unknown[]) {
  const said = texts(value, "address", "title", "summary", "description");
  const ws = resolve(root, member(resolved(root, value, "bindings"), "ws"));
  const allowed = list(member(value, "servers")).map(nameOf);
  const parameters = new Set([...said.address.matchAll(/\{([^{}]+)\}/g)].map((match) => match[1] ?? ""));
  const security = operations.flatMap((operation) => securities(root, operation));
  const channel: Writable<Channel> = {
    id,
    ...said,
    tags: tagsOf(root, value),
    link: linkOf(root, value),
    parameters: [...parameters].map((name) => parameterOf(root, name, member(member(value, "parameters"), name))),
    query: schemaOf(ws, "query"),
    headers: schemaOf(ws, "headers"),
    cookies: schemaOf(ws, "x-cookies"),
    subprotocols: strings(member(value, "x-subprotocols")),
    security: [...new Map(security.map((scheme) => [scheme.id, scheme])).values()],
    securityOptional: member(value, "x-security-optional") === true,
    topic: topicOf(member(value, "x-topic")),
    consumer: undefined,
    topics: [],
    messages: [],
    servers: allowed.length ? servers.filter((server) => allowed.includes(server.id)) : servers,
  };
  channel.messages = messagesOf(root, channel, value, operations);
  return channel;
}

function messagesOf(root: unknown, channel: Channel, value: unknown, operations: readonly unknown[]): Message[] {
  const found = new Map(
    members(member(value, "messages")).map(([id, message]) => [id, messageOf(root, id, channel, resolve(root, message))]),
  );
  const named = (value: unknown) =>
    list(member(value, "messages")).map((message) => found.get(nameOf(message))).filter((message) => message !== undefined);
  for (const operation of operations) {
    const messages = Array.isArray(member(operation, "messages")) ? named(operation) : [...found.values()];
    const replies = named(resolved(root, operation, "reply"));
    const said = texts(operation, "action", "summary", "description");
    for (const message of messages) {
      if (said.action === "receive") {
        message.received = true;
        message.replies = [...new Set([...message.replies, ...replies])];
      } else {
        message.sent = true;
      }
      message.summary ||= said.summary;
      message.description ||= said.description;
    }
    for (const reply of replies) {
      reply.sent = true;
      reply.answers = [...new Set([...reply.answers, ...messages])];
    }
  }
  return [...found.values()];
}

function messageOf(root: unknown, id: string, channel: Channel, value: unknown): Writable<Message> {
  const payload = schemaOf(value, "payload") ?? true;
  const discriminator = discriminatorOf(root, payload);
  const said = texts(value, "name", "title", "summary", "description");
  const name = text(discriminator?.value) || said.name || id;
  return {
    id,
    channel,
    ...said,
    name,
    received: false,
    sent: false,
    deprecated: member(value, "deprecated") === true || member(value, "x-deprecated") === true,
    tags: tagsOf(root, value),
    link: linkOf(root, value),
    payload,
    discriminator,
    replies: [],
    answers: [],
    examples: list(member(value, "examples"))
      .filter((example) => isObject(example) && "payload" in example)
      .map((example) => ({ ...texts(example, "name", "summary"), payload: member(example, "payload") })),
    framework: ours.test(name) || (channel.topic !== undefined && oursOnTopics.test(name)),
  };
}

/** A member that is required and has a constant; other generators forget the former. */
function discriminatorOf(root: unknown, payload: Schema): Message["discriminator"] {
  const schema = resolve(root, payload);
  const required = strings(member(schema, "required"));
  const constants = members(resolved(root, schema, "properties"))
    .map(([name, property]) => ({ name, value: member(resolve(root, property), "const") }))
    .filter(({ value }) => typeof value === "string");
  return constants.find(({ name }) => required.includes(name)) ?? constants.find(({ name }) => name === "action");
}

/** The name of what a value refers to. */
function nameOf(value: unknown): string {
  return lastOf(text(member(value, "$ref")));
}

function topicOf(value: unknown): Topic | undefined {
  if (!isObject(value)) return undefined;
  return {
    ...texts(value, "name", "pattern"),
    parameters: strings(member(value, "parameters")),
    schema: (parameter) => {
      const schema = member(member(value, "parameterSchemas"), parameter);
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
