import { useState } from "preact/hooks";
import { fieldId, useForm, type EditorProps } from "./field";
import { parse, write, type Json } from "./json";

interface RawProps {
  readonly id: string;
  readonly value: Json;
  readonly on: (value: Json) => void;
  readonly label?: string;
  readonly described?: string | undefined;
  readonly wrong?: boolean;
  readonly rows?: number;
}

/** Raw edits a value as text. A text that isn't JSON says so, and leaves the value as it was. */
export function Raw({ id, value, on, label, described, wrong, rows }: RawProps) {
  const [typed, type] = useState<{ value: Json; text: string; error: string }>();
  // What was typed counts until the value is changed elsewhere.
  const mine = typed?.value === value ? typed : undefined;
  const text = mine?.text ?? write(value, 2);
  const input = (text: string) => {
    try {
      const next = parse(text);
      type({ value: next, text, error: "" });
      on(next);
    } catch (error) {
      type({ value, text, error: (error as Error).message });
    }
  };
  const lines = Math.min(Math.max(text.split("\n").length, rows ?? 1), 24);
  return (
    <>
      <textarea
        id={id}
        class="code"
        aria-label={label}
        aria-describedby={[mine?.error ? `${id}#` : "", described ?? ""].join(" ").trim() || undefined}
        aria-invalid={wrong || !!mine?.error}
        spellcheck={false}
        rows={lines}
        value={text}
        onInput={(e) => input(e.currentTarget.value)}
      />
      {mine?.error && (
        <p class="problem" id={`${id}#`} role="status">
          {mine.error}. The form is as it was.
        </p>
      )}
    </>
  );
}

/** RawField edits what there is no form for. It shows also what is wrong deeper in its value. */
export function RawField({ path, value, on, name, described, wrong }: EditorProps) {
  const { problems } = useForm();
  const deeper = [...problems].filter(([at]) => at.startsWith(`${path}/`));
  const id = fieldId(path);
  const about = [described ?? "", deeper.length ? `${id}/!` : ""].join(" ").trim();
  return (
    <>
      <Raw
        id={id}
        value={value}
        on={on}
        label={`${name}, as JSON`}
        described={about || undefined}
        wrong={wrong || deeper.length > 0}
        rows={2}
      />
      {deeper.length > 0 && (
        <p class="problem" id={`${id}/!`}>
          {deeper.map(([at, found]) => `${at.slice(path.length)} ${found.join(", ")}`).join("; ")}
        </p>
      )}
    </>
  );
}
