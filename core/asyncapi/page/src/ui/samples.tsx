import { useMemo, useState } from "preact/hooks";
import type { Document, Message, Schema } from "../document";
import { Select } from "../form/select";
import { Line } from "../markdown/markdown";
import { synthesise } from "../schema/example";
import { isObject, member, members, record } from "../value";
import { Copy } from "./copy";
import { Json } from "./json";

interface Sample {
  readonly name: string;
  readonly summary: string;
  readonly value: unknown;
}

/** samplesOf are the examples that a message declares, and one that is made of its schema. */
export function samplesOf(document: Document, message: Message): Sample[] {
  const declared = message.examples.map((example, index) => ({
    name: example.name || `Example ${index + 1}`,
    summary: example.summary,
    value: example.payload,
  }));
  return [...declared, { name: "From the schema", summary: "", value: frame(document, message) }];
}

/** frame is a frame that is made of a message's schema, with an envelope as clients write it. */
export function frame(document: Document, message: Message): unknown {
  const made = synthesise(document, message.payload);
  const envelope: Record<string, unknown> = { ref: "1", topic: message.channel.topic?.pattern };
  const name = message.discriminator?.name;
  const known = (key: string) => key !== name && member(envelope, key);
  // What says which message it is comes first, what it says last.
  const place = (key: string) => [name, "ref", "topic", "version"].indexOf(key) + 1 || 5;
  if (!isObject(made)) return made;
  return record(members(made).map(([key, value]) => [key, known(key) || value] as const).sort(([a], [b]) => place(a) - place(b)));
}

interface SamplesProps {
  document: Document;
  message: Message;
  /** Composes a frame in the console. */
  onTry?: ((payload: unknown) => void) | undefined;
}

/** Samples show what a message may look like. */
export function Samples({ document, message, onTry }: SamplesProps) {
  const samples = useMemo(() => samplesOf(document, message), [document, message]);
  const [chosen, choose] = useState(0);
  const sample = samples[chosen] ?? samples[0];
  const text = JSON.stringify(sample?.value, undefined, 2) ?? "";
  if (!sample) return null;
  return (
    <div class="samples">
      <div class="bar">
        {samples.length > 1 ? (
          <Select label={`Example of ${message.name}`} options={samples.map((each) => each.name)} chosen={chosen} on={choose} />
        ) : (
          <span class="caption">Example</span>
        )}
        <Copy label="Copy payload" what={`of ${message.name}`} text={() => JSON.stringify(member(sample.value, "payload") ?? null, undefined, 2)} />
        <Copy label="Copy frame" what={message.name} text={() => text} />
        {onTry && (
          <button type="button" class="quiet try" onClick={() => onTry(sample.value)}>
            Try it<span class="hidden">: {message.name}</span>
          </button>
        )}
      </div>
      {sample.summary && (
        <p>
          <Line text={sample.summary} />
        </p>
      )}
      <Json text={text} label={`Example of ${message.name}`} />
    </div>
  );
}

/** SchemaSample is a value that is made of a schema. */
export function SchemaSample({ document, name, schema }: { document: Document; name: string; schema: Schema }) {
  const text = useMemo(() => JSON.stringify(synthesise(document, schema), undefined, 2) ?? "", [document, schema]);
  return (
    <div class="samples">
      <div class="bar">
        <span class="caption">Example</span>
        <Copy what={`the example of ${name}`} text={() => text} />
      </div>
      <Json text={text} label={`Example of ${name}`} />
    </div>
  );
}
