import { useEffect, useState } from "preact/hooks";
import { Console, type ConsoleProps } from "../console/console";
import type { Channel, Document, Message, Schema } from "../document";
import { Line, Markdown } from "../markdown/markdown";
import { Tree } from "../schema/tree";
import { view } from "../schema/view";
import { record } from "../value";
import { Boundary } from "./boundary";
import { Copy } from "./copy";
import { MessageCard } from "./message";
import { More, schemaOf, Term, way } from "./overview";
import { link } from "./route";

interface ChannelProps {
  document: Document;
  channel: Channel;
  /** The message that the page's address asks for. */
  message: string | undefined;
}

/** ChannelPage shows a channel, and the console beside it; where there is no room, one of them. */
export function ChannelPage({ document, channel, message }: ChannelProps) {
  const [trying, setTrying] = useState(false);
  const [compose, setCompose] = useState<ConsoleProps["compose"]>();
  const name = channel.title || channel.id;
  useEffect(() => {
    if (message !== undefined) setTrying(false);
  }, [channel, message]);
  const onTry = (asked: Message, payload: unknown) => {
    setCompose({ message: asked, payload });
    setTrying(true);
  };
  return (
    <div class={trying ? "split trying" : "split"}>
      <div class="switch" role="group" aria-label="What is shown">
        <button type="button" aria-pressed={!trying} onClick={() => setTrying(false)}>
          Reference
        </button>
        <button type="button" aria-pressed={trying} onClick={() => setTrying(true)}>
          Console
        </button>
      </div>
      <article key={channel.id} class="reference">
        <Head channel={channel} name={name} />
        <Handshake document={document} channel={channel} />
        <Messages document={document} channel={channel} message={message} onTry={onTry} />
      </article>
      <aside class="side" aria-label={`Console for ${name}`}>
        <Boundary name="The console">
          <Console key={(channel.consumer ?? channel).id} document={document} channel={channel} compose={compose} />
        </Boundary>
      </aside>
    </div>
  );
}

function Head({ channel, name }: { channel: Channel; name: string }) {
  const { topic, consumer } = channel;
  return (
    <>
      <p class="eyebrow">
        {topic ? "Topic" : "Channel"}
        {consumer && (
          <>
            {" of "}
            <a href={link(consumer.id)}>{consumer.title || consumer.id}</a>
          </>
        )}
        {channel.tags.map((tag) => (
          <span key={tag.name} class="badge">
            {tag.name}
          </span>
        ))}
      </p>
      <h1 tabIndex={-1}>{topic ? <code>{topic.pattern || name}</code> : name}</h1>
      <div class="line">
        <code class="address">{channel.address || "no address"}</code>
        <Copy what="the address" text={() => channel.address} />
        <Copy label="Link" what={`to ${name}`} text={() => location.href.split("#", 1)[0] + link(channel.id)} />
      </div>
      {channel.summary && (
        <p class="lead">
          <Line text={channel.summary} />
        </p>
      )}
      <Markdown text={channel.description} level={2} />
      {channel.link && (
        <p>
          <More link={channel.link} />
        </p>
      )}
    </>
  );
}

/** Handshake shows what has to be known to connect. */
function Handshake({ document, channel }: { document: Document; channel: Channel }) {
  const { topic } = channel;
  const path = channel.parameters.map(schemaOf);
  const inPath = new Set(path.map(([name]) => name));
  const inTopic = topic?.parameters.filter((name) => !inPath.has(name)) ?? [];
  // A topic is subscribed on a connection that there is already.
  const handshake = channel.consumer ? undefined : channel;
  return (
    <>
      <dl class="about">
        {channel.topics.length > 0 && (
          <Term name="Topics">
            {channel.topics.map((each) => (
              <a key={each.id} href={link(each.id)}>
                <code>{each.topic?.pattern || each.id}</code>
              </a>
            ))}
          </Term>
        )}
        {topic?.history && <Term name="History">Frames have positions: subscribing again can recover what was missed.</Term>}
        {topic?.presence && <Term name="Presence">It tells who is there.</Term>}
        {channel.security.length > 0 && (
          <Term name="Security">
            {channel.security.map((scheme) => (
              <span key={scheme.id}>
                {scheme.id}: {way(scheme)}
              </span>
            ))}
            {channel.securityOptional && <span>optional</span>}
          </Term>
        )}
        {channel.subprotocols.length > 0 && (
          <Term name="Subprotocols">
            {channel.subprotocols.map((name) => (
              <code key={name}>{name}</code>
            ))}
          </Term>
        )}
      </dl>
      <Parameters document={document} title="Parameters" schema={all(path)} />
      <Parameters document={document} title="Parameters of the topic" schema={all(inTopic.map((name) => [name, ofTopic(topic?.schema(name))]))} />
      <Parameters document={document} title="Query" schema={handshake?.query} />
      <Parameters document={document} title="Headers" schema={handshake?.headers} />
      <Parameters document={document} title="Cookies" schema={handshake?.cookies} />
    </>
  );
}

/** all is the schema of an object that has to have each of these members. */
function all(properties: readonly (readonly [string, Schema])[]): Schema {
  return { properties: record(properties), required: properties.map(([name]) => name) };
}

function ofTopic(schema: Schema | undefined): Schema {
  return typeof schema === "object" ? schema : { type: "string" };
}

function Parameters({ document, title, schema }: { document: Document; title: string; schema: Schema | undefined }) {
  if (schema === undefined || !view(document, schema).properties.length) return null;
  return (
    <section aria-label={title}>
      <h2>{title}</h2>
      <Tree document={document} schema={schema} />
    </section>
  );
}

interface MessagesProps extends ChannelProps {
  onTry: (message: Message, payload: unknown) => void;
}

function Messages({ document, channel, message: asked, onTry }: MessagesProps) {
  const own = channel.messages.filter((message) => !message.framework);
  const framework = channel.messages.filter((message) => message.framework);
  const cards = (messages: readonly Message[]) =>
    messages.map((message) => (
      <MessageCard key={message.id} document={document} message={message} here={message.id === asked} onTry={onTry} />
    ));
  const section = (id: string, title: string, messages: readonly Message[]) =>
    messages.length > 0 && (
      <section aria-labelledby={id}>
        <h2 id={id}>{title}</h2>
        {cards(messages)}
      </section>
    );
  return (
    <>
      {section("client-sends", "Client sends", own.filter((message) => message.received))}
      {section("server-sends", "Server sends", own.filter((message) => message.sent && !message.received))}
      {section("unused", "In no operation", own.filter((message) => !message.sent && !message.received))}
      {!channel.messages.length && <p>The channel has no messages.</p>}
      {asked !== undefined && !channel.messages.some((message) => message.id === asked) && (
        <p role="alert" class="failure">
          The channel has no message {asked}.
        </p>
      )}
      <Framework messages={framework} asked={asked}>
        {cards}
      </Framework>
    </>
  );
}

interface FrameworkProps {
  messages: readonly Message[];
  asked: string | undefined;
  children: (messages: readonly Message[]) => preact.ComponentChildren;
}

/** Framework are the messages that every channel like this one has, closed at first. */
function Framework({ messages, asked, children }: FrameworkProps) {
  const wanted = messages.some((message) => message.id === asked);
  const [open, setOpen] = useState(wanted);
  useEffect(() => {
    if (wanted) setOpen(true);
  }, [wanted, asked]);
  if (!messages.length) return null;
  return (
    <details class="framework" open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <h2>Framework</h2> <span class="summary">{messages.map((message) => message.name).join(", ")}</span>
      </summary>
      {open && children(messages)}
    </details>
  );
}
