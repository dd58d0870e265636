import { useMemo } from "preact/hooks";
import type { Document, Message, Schema } from "../document";
import { SchemaBody } from "../schema/tree";
import { link } from "./route";
import { SchemaSample } from "./samples";

/** SchemaPage shows a schema of the components, and which messages have it in them. */
export function SchemaPage({ document, name, schema }: { document: Document; name: string; schema: Schema }) {
  const users = useMemo(() => usersOf(document, name), [document, name]);
  return (
    <article class="plain">
      <p class="eyebrow">Schema</p>
      <h1 tabIndex={-1}>{name}</h1>
      <SchemaBody document={document} schema={schema} above={[name]} />
      <SchemaSample document={document} name={name} schema={schema} />
      {users.length > 0 && (
        <section aria-labelledby="users">
          <h2 id="users">Messages with it</h2>
          <ul class="channels">
            {users.map((message) => (
              <li key={`${message.channel.id} ${message.id}`}>
                <a href={link(message.channel.id, message.id)}>{message.name}</a>
                <span class="summary">{message.channel.title || message.channel.id}</span>
              </li>
            ))}
          </ul>
        </section>
      )}
    </article>
  );
}

/** The messages whose schemas refer to a component, by others in between or not. */
function usersOf(document: Document, name: string): Message[] {
  const reference = (to: string) => JSON.stringify(`#/components/schemas/${to}`);
  const texts = [...document.schemas].map(([id, schema]) => [reference(id), JSON.stringify(schema)] as const);
  const having = new Set([reference(name)]);
  // What is added while it is gone through is gone through, too.
  for (const each of having) for (const [id, text] of texts) if (text.includes(each)) having.add(id);
  return document.channels.flatMap((channel) =>
    channel.messages.filter((message) => {
      const text = JSON.stringify(message.payload);
      return [...having].some((each) => text.includes(each));
    }),
  );
}
