import type { ComponentChildren } from "preact";
import { emptyObj, origin } from "../console/address";
import type { Document, Link, Parameter, Schema, Security } from "../document";
import { base } from "../load";
import { safe } from "../markdown/inline";
import { Anchor, Line, Markdown } from "../markdown/markdown";
import { Tree } from "../schema/tree";
import { record } from "../value";
import { Copy } from "./copy";
import { link } from "./route";

/** Overview is what the document says of the API as a whole. */
export function Overview({ document }: { document: Document }) {
  return (
    <article class="plain">
      <h1 tabIndex={-1}>{document.title || "AsyncAPI"}</h1>
      <p class="subtitle">
        {document.version && <span>Version {document.version}</span>}
        {document.asyncapi && <span>AsyncAPI {document.asyncapi}</span>}
        <a href={base(location.pathname) + ".json"}>JSON</a>
        <a href={base(location.pathname) + ".yaml"}>YAML</a>
      </p>
      <Markdown text={document.description} level={2} />
      <About document={document} />
      <Servers document={document} />
      <Schemes schemes={document.security} />
      <Channels document={document} />
      <Tags document={document} />
    </article>
  );
}

function About({ document }: { document: Document }) {
  const { contact, license, termsOfService, link } = document;
  if (!contact && !license && !termsOfService && !link) return null;
  return (
    <dl class="about">
      {contact && (
        <Term name="Contact">
          <Outward url={contact.url}>{contact.name || contact.url}</Outward>
          {contact.email && <Outward url={`mailto:${contact.email}`}>{contact.email}</Outward>}
        </Term>
      )}
      {license && (
        <Term name="Licence">
          <Outward url={license.url}>{license.name || license.url}</Outward>
        </Term>
      )}
      {termsOfService && (
        <Term name="Terms of service">
          <Outward url={termsOfService}>{termsOfService}</Outward>
        </Term>
      )}
      {link && (
        <Term name="More">
          <More link={link} />
        </Term>
      )}
    </dl>
  );
}

/** Term is a name and what is said under it, in a list of such. */
export function Term({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** Outward is a link to an address of a document; where that isn't harmless, it is text. */
export function Outward({ url, children }: { url: string; children: ComponentChildren }) {
  const harmless = safe(url);
  return harmless ? <Anchor url={harmless}>{children}</Anchor> : <span>{children}</span>;
}

/** More is a link to where more is written. */
export function More({ link }: { link: Link }) {
  return <Outward url={link.url}>{link.description ? <Line text={link.description} /> : link.url}</Outward>;
}

function Servers({ document }: { document: Document }) {
  const { servers } = document;
  if (!servers.length) return null;
  return (
    <section aria-labelledby="servers">
      <h2 id="servers">Servers</h2>
      {servers.map((server) => (
        <div key={server.id} class="item">
          <h3>{server.title || server.id}</h3>
          <div class="line">
            <code class="address">{origin(server, emptyObj, location)}</code>
            <Copy what={`the address of ${server.id}`} text={() => origin(server, emptyObj, location)} />
          </div>
          {server.summary && (
            <p>
              <Line text={server.summary} />
            </p>
          )}
          <Markdown text={server.description} level={4} />
          {server.variables.length > 0 && (
            <Tree document={document} schema={{ properties: record(server.variables.map(schemaOf)) }} />
          )}
        </div>
      ))}
    </section>
  );
}

/** schemaOf is what is known of a part of an address, which is a string, under its name. */
export function schemaOf({ name, default: preset, ...said }: Parameter): [string, Schema] {
  return [name, { type: "string", ...said, ...(preset !== undefined && { default: preset }) }];
}

/** way says in words how a client gives its credentials. */
export function way(scheme: Security): ComponentChildren {
  if (scheme.type === "http") {
    return (
      <>
        the header <code>Authorization: {scheme.scheme} …</code>
        {scheme.bearerFormat && ` (${scheme.bearerFormat})`}
      </>
    );
  }
  if (scheme.type === "httpApiKey") {
    const place = scheme.in === "query" ? "query parameter" : scheme.in;
    return (
      <>
        the {place} <code>{scheme.name}</code>
      </>
    );
  }
  return scheme.type || "a way that the document doesn't tell";
}

function Schemes({ schemes }: { schemes: readonly Security[] }) {
  if (!schemes.length) return null;
  return (
    <section aria-labelledby="security">
      <h2 id="security">Security</h2>
      {schemes.map((scheme) => (
        <div key={scheme.id} class="item">
          <h3>{scheme.id}</h3>
          <p>Credentials come in {way(scheme)}.</p>
          <Markdown text={scheme.description} level={4} />
        </div>
      ))}
    </section>
  );
}

function Channels({ document }: { document: Document }) {
  return (
    <section aria-labelledby="channels">
      <h2 id="channels">Channels</h2>
      {!document.channels.length && <p>The document has none.</p>}
      <ul class="channels">
        {document.channels
          .filter((channel) => !channel.consumer)
          .flatMap((channel) => [channel, ...channel.topics])
          .map((channel) => (
            <li key={channel.id} class={channel.consumer ? "under" : ""}>
              <a href={link(channel.id)}>{channel.topic ? channel.topic.pattern || channel.id : channel.title || channel.id}</a>
              {!channel.consumer && <code class="address">{channel.address}</code>}
              <span class="summary">
                <Line text={firstLine(channel.summary || channel.description)} />
              </span>
            </li>
          ))}
      </ul>
    </section>
  );
}

function firstLine(text: string): string {
  return text.trimStart().split(/\n\s*\n|\n(?=[#>*+-])/, 1)[0] ?? "";
}

function Tags({ document }: { document: Document }) {
  const told = document.tags.filter((tag) => tag.description || tag.link);
  if (!told.length) return null;
  return (
    <section aria-labelledby="tags">
      <h2 id="tags">Tags</h2>
      <dl class="about">
        {told.map((tag) => (
          <Term key={tag.name} name={tag.name}>
            <Markdown text={tag.description} level={4} />
            {tag.link && <More link={tag.link} />}
          </Term>
        ))}
      </dl>
    </section>
  );
}
