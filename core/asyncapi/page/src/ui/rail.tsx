import { useEffect, useMemo } from "preact/hooks";
import type { Channel, Document } from "../document";
import { link, schemaLink, type Route } from "./route";

interface Group {
  readonly name: string;
  readonly channels: readonly Channel[];
}

/** groups puts channels together by their tags; one with two tags is in two groups. */
export function groups(document: Document): Group[] {
  const found = new Map<string, Channel[]>();
  for (const tag of document.tags) found.set(tag.name, []);
  const rest: Channel[] = [];
  for (const channel of document.channels) {
    if (channel.consumer) continue;
    for (const { name } of channel.tags) found.set(name, [...new Set([...(found.get(name) ?? []), channel])]);
    if (!channel.tags.length) rest.push(channel);
  }
  const named = [...found].map(([name, channels]) => ({ name, channels })).filter(({ channels }) => channels.length);
  if (!rest.length) return named;
  return [...named, { name: named.length ? "Other channels" : "Channels", channels: rest }];
}

/** Rail lists what the document has. */
export function Rail({ document, route }: { document: Document; route: Route }) {
  const grouped = useMemo(() => groups(document), [document]);
  const schemas = [...document.schemas.keys()];
  useEffect(() => globalThis.document.querySelector(".contents [aria-current=page]")?.scrollIntoView({ block: "nearest" }), [route]);
  return (
    <nav aria-label="Channels and schemas" class="contents">
      <a class="entry" href="#/" aria-current={route.kind === "overview" ? "page" : undefined}>
        Overview
      </a>
      {grouped.map((group) => (
        <section key={group.name}>
          <h2>{group.name}</h2>
          <ul>
            {group.channels.map((channel) => (
              <Entry key={channel.id} channel={channel} route={route} />
            ))}
          </ul>
        </section>
      ))}
      {schemas.length > 0 && (
        <details open={route.kind === "schema"}>
          <summary>Schemas</summary>
          <ul>
            {schemas.map((name) => (
              <li key={name}>
                <a class="entry" href={schemaLink(name)} aria-current={route.kind === "schema" && route.schema === name ? "page" : undefined}>
                  {name}
                </a>
              </li>
            ))}
          </ul>
        </details>
      )}
    </nav>
  );
}

function Entry({ channel, route }: { channel: Channel; route: Route }) {
  const here = route.kind === "channel" && route.channel === channel.id;
  const own = here ? channel.messages.filter((message) => !message.framework) : [];
  const messages = [...own.filter((message) => message.received), ...own.filter((message) => !message.received)];
  return (
    <li>
      <a class="entry" href={link(channel.id)} aria-current={here ? (route.message === undefined ? "page" : "true") : undefined}>
        {channel.topic ? <code>{channel.topic.pattern || channel.id}</code> : channel.title || channel.id}
      </a>
      {messages.length > 0 && (
        <ul class="messages">
          {messages.map((message) => (
            <li key={message.id}>
              <a class="entry" href={link(channel.id, message.id)} aria-current={route.kind === "channel" && route.message === message.id ? "page" : undefined}>
                <Way received={message.received} />
                {message.name}
              </a>
            </li>
          ))}
        </ul>
      )}
      {channel.topics.length > 0 && (
        <ul class="topics" aria-label={`Topics of ${channel.title || channel.id}`}>
          {channel.topics.map((topic) => (
            <Entry key={topic.id} channel={topic} route={route} />
          ))}
        </ul>
      )}
    </li>
  );
}

/** Way is an arrow: up for what clients send, down for what the server sends. */
export function Way({ received }: { received: boolean }) {
  return (
    <>
      <span aria-hidden="true" class={received ? "way up" : "way down"}>
        {received ? "↑" : "↓"}
      </span>
      <span class="hidden">{received ? "client sends " : "server sends "}</span>
    </>
  );
}
