import type { Document, Message } from "../document";
import { Line, Markdown } from "../markdown/markdown";
import { Tree, SchemaBody } from "../schema/tree";
import { view } from "../schema/view";
import { Boundary } from "./boundary";
import { Copy } from "./copy";
import { More } from "./overview";
import { Way } from "./rail";
import { link } from "./route";
import { Samples } from "./samples";

interface MessageProps {
  document: Document;
  message: Message;
  /** Whether the page's address is that of the message. */
  here: boolean;
  onTry?: ((message: Message, payload: unknown) => void) | undefined;
}

/** MessageCard shows a message: what it is for, what is in it, what answers it, and an example. */
export function MessageCard({ document, message, here, onTry }: MessageProps) {
  const { channel, name } = message;
  const title = plain(message.title) !== plain(name) ? message.title : "";
  return (
    <section class={here ? "message here" : "message"} id={`message-${message.id}`} aria-label={name}>
      <header>
        <h3 tabIndex={-1}>
          <Way received={message.received} />
          {name}
        </h3>
        {title && <span class="title">{title}</span>}
        {message.deprecated && <span class="badge warn">deprecated</span>}
        {message.tags.map((tag) => (
          <span key={tag.name} class="badge">
            {tag.name}
          </span>
        ))}
        <Copy label="Link" what={`to ${name}`} text={() => location.href.split("#", 1)[0] + link(channel.id, message.id)} />
      </header>
      <Boundary name={`The message ${name}`}>
        {message.summary && (
          <p class="lead">
            <Line text={message.summary} />
          </p>
        )}
        <Markdown text={message.description} level={4} />
        <Answered messages={message.answers} />
        <Payload document={document} message={message} />
        {message.replies.map((reply) => (
          <Reply key={reply.id} document={document} reply={reply} />
        ))}
        <Samples document={document} message={message} onTry={message.received && onTry ? (payload) => onTry(message, payload) : undefined} />
        {message.link && (
          <p>
            <More link={message.link} />
          </p>
        )}
      </Boundary>
    </section>
  );
}

/** A name without what differs between ways to write it, such as UserJoined and user_joined. */
function plain(name: string): string {
  return name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, "");
}

/** Answered are the messages that a message answers. */
function Answered({ messages }: { messages: readonly Message[] }) {
  if (!messages.length) return null;
  return (
    <p class="related line">
      Answers
      {messages.map((message) => (
        <a key={message.id} href={link(message.channel.id, message.id)}>
          {message.name}
        </a>
      ))}
    </p>
  );
}

/** Reply shows what answers a message, with what is in it on demand. */
function Reply({ document, reply }: { document: Document; reply: Message }) {
  return (
    <details class="reply">
      <summary>
        <Way received={false} />
        Replies with <strong>{reply.name}</strong>
      </summary>
      <Payload document={document} message={reply} />
      <p>
        <a href={link(reply.channel.id, reply.id)}>All about {reply.name}</a>
      </p>
    </details>
  );
}

/** Payload shows what is in a message, and on demand the frame that it is in. */
function Payload({ document, message }: { document: Document; message: Message }) {
  const frame = view(document, message.payload);
  const payload = frame.properties.find((property) => property.name === "payload");
  const empty = payload && view(document, payload.schema).types[0] === "null";
  if (!message.discriminator || (!payload && frame.properties.length === 0)) {
    return <SchemaBody document={document} schema={message.payload} />;
  }
  return (
    <>
      {payload && !empty ? (
        <>
          <h4>Payload{payload.required || <span class="optional"> optional</span>}</h4>
          <SchemaBody document={document} schema={payload.schema} />
        </>
      ) : (
        <p class="related">No payload.</p>
      )}
      <details class="frame">
        <summary>
          Frame: {frame.properties.map((property) => property.name + (property.required ? "" : "?")).join(", ")}
        </summary>
        <Tree document={document} schema={message.payload} above={["", ""]} />
      </details>
    </>
  );
}
