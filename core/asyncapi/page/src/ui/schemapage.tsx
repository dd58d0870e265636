import type { Document, Schema } from "../document";
import { SchemaBody } from "../schema/tree";
import { SchemaSample } from "./samples";

/** SchemaPage shows a schema of the components. */
export function SchemaPage({ document, name, schema }: { document: Document; name: string; schema: Schema }) {
  return (
    <article class="plain">
      <p class="eyebrow">Schema</p>
      <h1 tabIndex={-1}>{name}</h1>
      <SchemaBody document={document} schema={schema} above={[name]} />
      <SchemaSample document={document} name={name} schema={schema} />
    </article>
  );
}
