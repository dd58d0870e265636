import { useState } from "preact/hooks";
import type { Document, Schema } from "../document";
import { Line, Markdown } from "../markdown/markdown";
import { schemaLink } from "../ui/route";
import { inner, isMap, label, view, type View } from "./view";
import { facts, typeName } from "./words";

interface TreeProps {
  document: Document;
  schema: Schema;
  /** The names of the components that it is in, to tell recursion. */
  above?: readonly string[];
}

/** How many levels are open at first. */
const open = 2;

/** Tree shows what is in a value of a schema: members, items, alternatives. What recurs opens on demand. */
export function Tree({ document, schema, above = [] }: TreeProps) {
  const shown = view(document, schema);
  const common = { document, above: [...above, shown.name] };
  return (
    <ul class="tree">
      {shown.properties.map((property) => (
        <Row key={`.${property.name}`} {...common} name={property.name} schema={property.schema} required={property.required} />
      ))}
      {typeof shown.extra === "object" && (isMap(shown) || shown.properties.length > 0) && (
        <Row {...common} name="any other name" kind="wild" schema={shown.extra} />
      )}
      {shown.items !== undefined && <Row {...common} name="each item" kind="wild" schema={shown.items} />}
      {shown.alternatives.map((alternative, index) => (
        <Row
          key={`|${index}`}
          {...common}
          kind="choice"
          name={label(document, alternative, index)}
          note={index ? "or" : shown.exclusive ? "one of" : "any of"}
          schema={alternative}
        />
      ))}
    </ul>
  );
}

interface RowProps extends TreeProps {
  name: string;
  kind?: "wild" | "choice";
  note?: string;
  required?: boolean;
}

/** Row is a member, an item or an alternative. */
function Row({ document, schema, name, kind, note, required, above = [] }: RowProps) {
  const shown = view(document, schema);
  const [within, content] = inside(document, schema, shown);
  const recurs = [shown, content].some((each) => each.name !== "" && above.includes(each.name));
  const [expanded, expand] = useState(above.length < open && !recurs && content.properties.length <= large);
  return (
    <li>
      <div class="row">
        {note && <span class="note">{note}</span>}
        <span class={kind ?? "name"}>{name}</span> <Type document={document} shown={shown} hide={kind === "choice" ? name : ""} />
        {required && <span class="required">required</span>}
        {shown.deprecated && <span class="badge warn">deprecated</span>}
      </div>
      <Facts shown={shown} />
      {shown.description && <Markdown text={shown.description} level={5} />}
      {opens(document, content) && (
        <>
          <button type="button" class="quiet expand" aria-expanded={expanded} onClick={() => expand(!expanded)}>
            {expanded ? "Hide" : "Show"} {what(content)}
            <span class="hidden"> of {name}</span>
          </button>
          {expanded && <Tree document={document} schema={within} above={above} />}
        </>
      )}
    </li>
  );
}

/** How many members are too many to be open at first. */
const large = 30;

/** How many lists may be in one another and yet be one step. */
const nested = 4;

/** inside is what there is to show in a value: of a list or map that is each of what is in it. */
function inside(document: Document, schema: Schema, shown: View): [Schema, View] {
  for (let level = 0; level < nested && !shown.properties.length && !shown.alternatives.length; level++) {
    const within = inner(shown);
    if (within === undefined) break;
    const next = view(document, within);
    // What is asked of an item has a row of its own.
    if (!isNested(next) || isAsked(next)) break;
    [schema, shown] = [within, next];
  }
  return [schema, shown];
}

function opens(document: Document, shown: View): boolean {
  const within = inner(shown);
  if (within === undefined) return isNested(shown);
  // Items about which there is nothing to say but their type are in the row itself.
  const next = view(document, within);
  return isNested(next) || isAsked(next);
}

function isNested(shown: View): boolean {
  return shown.properties.length > 0 || shown.alternatives.length > 0 || inner(shown) !== undefined;
}

function isAsked(shown: View): boolean {
  return shown.description !== "" || facts(shown).length > 0;
}

function what(shown: View): string {
  if (shown.properties.length) return shown.properties.length === 1 ? "1 member" : `${shown.properties.length} members`;
  if (shown.alternatives.length) return `${shown.alternatives.length} alternatives`;
  return shown.items === undefined ? "values" : "items";
}

/** Type says what kind of value it is, with links to components. */
export function Type({ document, shown, hide = "" }: { document: Document; shown: View; hide?: string }) {
  const within = inner(shown);
  const name = shown.name !== hide && shown.name;
  return (
    <span class="type">
      {name ? <SchemaName document={document} name={name} /> : typeName(shown) || (shown.exclusive ? "one of" : "any of")}
      {within !== undefined && !name && (
        <>
          {" of "}
          <Type document={document} shown={view(document, within)} />
        </>
      )}
      {shown.nullable && " or null"}
    </span>
  );
}

function SchemaName({ document, name }: { document: Document; name: string }) {
  return document.schemas.has(name) ? <a href={schemaLink(name)}>{name}</a> : <>{name}</>;
}

/** Facts are what a schema asks of a value besides its type. */
export function Facts({ shown }: { shown: View }) {
  const found = facts(shown);
  if (!found.length) return null;
  return (
    <div class="facts">
      {found.map((fact, index) => (
        <span key={index}>
          {fact.word}
          {fact.code !== undefined && <code>{fact.code}</code>}
        </span>
      ))}
    </div>
  );
}

/** Lone shows a schema that has nothing in it: no members, items or alternatives. */
export function Lone({ document, schema }: { document: Document; schema: Schema }) {
  const shown = view(document, schema);
  return (
    <div class="lone">
      <Type document={document} shown={shown} />
      <Facts shown={shown} />
      {shown.description && (
        <p>
          <Line text={shown.description} />
        </p>
      )}
    </div>
  );
}

/** SchemaBody shows a schema of any kind. */
export function SchemaBody({ document, schema, above }: TreeProps) {
  const shown = view(document, schema);
  if (!isNested(shown)) return <Lone document={document} schema={schema} />;
  return (
    <>
      {shown.description && <Markdown text={shown.description} level={4} />}
      {!shown.properties.length && <div class="lone"><Type document={document} shown={shown} /></div>}
      <Facts shown={shown} />
      <Tree document={document} schema={schema} {...(above && { above })} />
    </>
  );
}
