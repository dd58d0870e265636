// A document as the page reads it. What a document lacks is empty here, and what is
// of the wrong kind is as if it weren't there, so that nobody else has to check.

import type { JsonObject } from "./value";

/** Schema is a JSON Schema of draft 7; see schema/view.ts for what it says. */
export type Schema = JsonObject | boolean;

/** Link is a URL that a document has, which may be anything. */
export interface Link {
  readonly url: string;
  readonly description: string;
}

export interface Tag {
  readonly name: string;
  readonly description: string;
  readonly link: Link | undefined;
}

export interface Server {
  readonly id: string;
  readonly host: string;
  readonly pathname: string;
  /** "ws" or "wss", or what else the document says. */
  readonly protocol: string;
  readonly title: string;
  readonly summary: string;
  readonly description: string;
  readonly variables: readonly (Parameter & { readonly default: string })[];
  readonly security: readonly Security[];
}

/** Security is a way in which clients say who they are. */
export interface Security {
  readonly id: string;
  /** "http", "httpApiKey" and so on. */
  readonly type: string;
  /** Of the type http: "bearer", "basic" and so on. */
  readonly scheme: string;
  /** Of the type httpApiKey: "header", "cookie" or "query". */
  readonly in: string;
  /** Of the header, cookie or query parameter. */
  readonly name: string;
  readonly bearerFormat: string;
  readonly description: string;
}

/** Parameter is a part of an address that is written {name} there. */
export interface Parameter {
  readonly name: string;
  readonly description: string;
  readonly enum: readonly string[];
  readonly default: string | undefined;
  readonly examples: readonly string[];
}

/** Topic is what a channel has that is one of topics, which frames name. */
export interface Topic {
  readonly name: string;
  readonly pattern: string;
  readonly parameters: readonly string[];
  /** The schema of one of the parameters; true where nothing is said of it. */
  schema(parameter: string): Schema;
  readonly history: boolean;
  readonly presence: boolean;
}

export interface Example {
  readonly name: string;
  readonly summary: string;
  /** The whole frame. */
  readonly payload: unknown;
}

/** Message is a frame of a channel. */
export interface Message {
  /** In its channel. */
  readonly id: string;
  readonly channel: Channel;
  /** Whether clients send it. */
  readonly received: boolean;
  /** Whether the server sends it, by itself or as a reply. */
  readonly sent: boolean;
  /** Its action, where the schema has none the name. */
  readonly name: string;
  readonly title: string;
  readonly summary: string;
  readonly description: string;
  readonly deprecated: boolean;
  readonly tags: readonly Tag[];
  readonly link: Link | undefined;
  /** Of the whole frame. */
  readonly payload: Schema;
  /** The member of the frame that says which message it is, and what it has there. */
  readonly discriminator: { readonly name: string; readonly value: unknown } | undefined;
  /** What answers it, of a message that clients send. */
  readonly replies: readonly Message[];
  /** What it answers, of a message that the server sends. */
  readonly answers: readonly Message[];
  readonly examples: readonly Example[];
  /** Whether it is the framework's rather than the application's. */
  readonly framework: boolean;
}

/** Channel is an address where messages go to and fro, or a topic on one. */
export interface Channel {
  readonly id: string;
  readonly address: string;
  readonly title: string;
  readonly summary: string;
  readonly description: string;
  readonly tags: readonly Tag[];
  readonly link: Link | undefined;
  /** Of the address, in its order. */
  readonly parameters: readonly Parameter[];
  /** Of the handshake; undefined where it has none. */
  readonly query: Schema | undefined;
  readonly headers: Schema | undefined;
  readonly cookies: Schema | undefined;
  readonly subprotocols: readonly string[];
  /** One of which is enough; none: everybody may connect. */
  readonly security: readonly Security[];
  /** Whether those without credentials may connect, too. */
  readonly securityOptional: boolean;
  readonly topic: Topic | undefined;
  /** The channel that shares the address of this topic, and with it the connection. */
  readonly consumer: Channel | undefined;
  /** The topics at this channel's address. */
  readonly topics: readonly Channel[];
  readonly messages: readonly Message[];
  readonly servers: readonly Server[];
}

export interface Document {
  /** As it came. */
  readonly raw: unknown;
  readonly asyncapi: string;
  readonly title: string;
  readonly version: string;
  readonly description: string;
  readonly termsOfService: string;
  readonly contact: { readonly name: string; readonly url: string; readonly email: string } | undefined;
  readonly license: { readonly name: string; readonly url: string } | undefined;
  readonly link: Link | undefined;
  readonly tags: readonly Tag[];
  readonly servers: readonly Server[];
  readonly security: readonly Security[];
  readonly channels: readonly Channel[];
  /** By their names in the components. */
  readonly schemas: ReadonlyMap<string, Schema>;
  channel(id: string): Channel | undefined;
  /** What a value that may be a reference stands for; undefined where that leads nowhere. */
  resolve(value: unknown): unknown;
}
