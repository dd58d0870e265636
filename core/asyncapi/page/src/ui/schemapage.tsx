import { useMemo } from "preact/hooks";
import type { Document, Message, Schema } from "../document";
import { SchemaBody } from "../schema/tree";
import { refName } from "../schema/view";
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
  const having = new Set([name]);
  const referring = [...document.schemas].map(([id, schema]) => ({ id, names: namesIn(schema) }));
  for (let before = 0; before < having.size; ) {
    before = having.size;
    for (const { id, names } of referring) if ([...names].some((each) => having.has(each))) having.add(id);
  }
  return document.channels.flatMap((channel) =>
    channel.messages.filter((message) => [...namesIn(message.payload)].some((each) => having.has(each))),
  );
}

/** The names of the components to which a schema refers, itself or within. */
function namesIn(value: unknown, found = new Set<string>()): Set<string> {
  if (typeof value !== "object" || value === null) return found;
  if (refName(value)) found.add(refName(value));
  for (const inner of Object.values(value)) namesIn(inner, found);
  return found;
}
