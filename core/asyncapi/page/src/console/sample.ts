import { read } from "../read";

const frame = (action: string, payload: object, more: object = {}, required: string[] = ["payload"]) => ({
  name: action,
  payload: {
    type: "object",
    properties: { action: { const: action }, payload, ref: { type: "string" }, ...more },
    required: ["action", ...required],
  },
});
const topical = { topic: { type: "string" }, version: { const: 1 } };
const on = (channel: string, action: "receive" | "send", message: string) =>
  [
    `${channel}.${action}.${message}`,
    { action, channel: { $ref: `#/channels/${channel}` }, messages: [{ $ref: `#/channels/${channel}/messages/${message}` }] },
  ] as const;
const error = frame("error", { type: "object" });
const topicError = frame("error", { type: "object" }, topical);

/** sample is a document with a channel that has topics, one with a token, and a topic of its own. */
export const sample = read({
  asyncapi: "3.0.0",
  servers: {
    current: { host: "inner:80", pathname: "/api/", protocol: "ws" },
    far: { host: "{region}.example", protocol: "wss", variables: { region: { enum: ["eu", "us"], default: "us" } } },
  },
  channels: {
    rooms: {
      address: "/ws/rooms/{room}",
      parameters: { room: { description: "Which" } },
      bindings: {
        ws: {
          query: {
            type: "object",
            properties: { limit: { type: "integer", maximum: 5 }, tag: { type: "array", items: { type: "string" } } },
          },
        },
      },
      messages: {
        say: {
          ...frame("say", { type: "object", properties: { text: { type: "string", minLength: 1 } }, required: ["text"] }),
          examples: [{ payload: { action: "say", payload: { text: "hi" } } }],
        },
        said: frame("said", { type: "string" }),
        error,
      },
    },
    rooms_lobby: {
      address: "/ws/rooms/{room}",
      "x-topic": { name: "lobby", pattern: "lobby:{name}", parameters: ["name"], history: true },
      messages: {
        say: frame("say", { type: "string" }, topical, ["payload", "topic"]),
        said: frame("said", { type: "string" }, { ...topical, seq: { type: "integer" } }, ["payload", "topic"]),
        subscribe: frame("subscribe", {}, topical, ["topic"]),
        subscribed: frame("subscribed", { type: "object" }, topical),
        error: topicError,
      },
    },
    private: {
      address: "/ws/private",
      "x-subprotocols": ["v1", "trace.*", "bearer.*"],
      messages: { ping: frame("ping", { type: "null" }, {}, []) },
    },
    keyed: { address: "/ws/keyed", messages: { ping: frame("ping", { type: "null" }, {}, []) } },
    alone: {
      address: "/ws/alone/{name}",
      "x-topic": { name: "lobby", pattern: "lobby:{name}", parameters: ["name"] },
      messages: { said: frame("said", { type: "string" }, topical) },
    },
  },
  operations: Object.fromEntries([
    on("rooms", "receive", "say"),
    on("rooms", "send", "said"),
    on("rooms", "send", "error"),
    on("rooms_lobby", "receive", "say"),
    on("rooms_lobby", "send", "said"),
    on("rooms_lobby", "receive", "subscribe"),
    on("rooms_lobby", "send", "subscribed"),
    on("rooms_lobby", "send", "error"),
    on("private", "receive", "ping"),
    on("alone", "send", "said"),
    ["keyed.ping", { ...on("keyed", "receive", "ping")[1], security: [{ $ref: "#/components/securitySchemes/key" }] }],
  ]),
  components: { securitySchemes: { key: { type: "httpApiKey", in: "query", name: "key" } } },
});

export const channel = (id: string) => sample.channel(id)!;
