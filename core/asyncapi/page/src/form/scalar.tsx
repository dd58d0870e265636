import { text, list } from "../value";
import { fieldId, useForm, type EditorProps } from "./field";
import { equal, isNumber, Num, write, type Json } from "./json";

/** A text that may be longer gets a field of more than one line. */
const oneLine = 80;

/** Scalar edits what isn't made of parts. */
export function Scalar(props: EditorProps) {
  const { kind, values } = props.shape;
  const attributes = { id: fieldId(props.path), "aria-describedby": props.described, "aria-invalid": props.wrong };
  switch (kind) {
    case "fixed":
    case "null":
      return <output {...attributes} tabIndex={-1} class="fixed">{write(values[0] ?? null)}</output>;
    case "enum": {
      const index = values.findIndex((one) => equal(one, props.value));
      return (
        <select {...attributes} value={String(index)} onChange={(e) => props.on(values[Number(e.currentTarget.value)] ?? null)}>
          {index < 0 && <option value="-1" disabled>{write(props.value)}: none of these</option>}
          {values.map((one, i) => <option key={i} value={String(i)}>{typeof one === "string" ? one : write(one)}</option>)}
        </select>
      );
    }
    case "boolean":
      return (
        <label class="flag">
          <input {...attributes} type="checkbox" checked={props.value === true} onChange={(e) => props.on(e.currentTarget.checked)} />
          {props.value === true ? "true" : "false"}
        </label>
      );
    case "number":
      return <input {...attributes} inputMode="decimal" autocomplete="off" value={shown(props.value)} onInput={(e) => props.on(number(e.currentTarget.value))} />;
    case "string":
      return <Text {...props} />;
  }
  return null;
}

/** What isn't a number stays what was typed, which the schema then refuses. */
const number = (typed: string): Json => (isNumber(typed.trim()) ? new Num(typed.trim()) : typed);
const shown = (value: Json): string => (typeof value === "string" ? value : value === null ? "" : write(value));

function Text({ shape: { view }, path, value, on, described, wrong }: EditorProps) {
  const { keywords } = view;
  const form = useForm();
  const format = text(keywords.get("format"));
  const [example] = list(keywords.get("examples"));
  const attributes = {
    id: fieldId(path), "aria-describedby": described, "aria-invalid": wrong, autocomplete: "off", spellcheck: false,
    placeholder: typeof example === "string" ? example : "", value: shown(value),
  } as const;
  const most = keywords.get("maxLength");
  const short = form.short || format || (typeof most === "number" && most <= oneLine);
  const make = makers.get(format);
  if (!short) return <textarea {...attributes} rows={1} onInput={(e) => on(e.currentTarget.value)} />;
  return (
    <span class="joined">
      <input {...attributes} type="text" onInput={(e) => on(e.currentTarget.value)} />
      {make && <button type="button" class="quiet" onClick={() => on(make())}>{format === "uuid" ? "New" : "Now"}<span class="hidden"> {format}</span></button>}
    </span>
  );
}

const now = (): string => new Date().toISOString();

/** What a button makes for formats that nobody likes to type. */
const makers = new Map<string, () => string>([
  ["date-time", now],
  ["date", () => now().slice(0, 10)],
  ["time", () => now().slice(11)],
  ["uuid", uuid],
]);

/** crypto.randomUUID isn't there on pages that aren't served securely. */
function uuid(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}
