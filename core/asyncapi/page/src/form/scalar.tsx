import { text, list } from "../value";
import { fieldId, useForm, type EditorProps } from "./field";
import { equal, isNumber, Num, plain, write, type Json } from "./json";
import { Select } from "./select";

/** A text that may be longer gets a field of more than one line. */
const oneLine = 80;

/** Scalar edits what isn't made of parts. */
export function Scalar(props: EditorProps) {
  const { kind, values } = props.shape;
  const attributes = { id: fieldId(props.path), "aria-describedby": props.described, "aria-invalid": props.wrong };
  switch (kind) {
    case "fixed":
    case "null":
      return (
        <output {...attributes} tabIndex={-1} class="fixed">
          {write(values[0] ?? null)}
        </output>
      );
    case "enum": {
      const chosen = values.findIndex((one) => equal(one, props.value));
      const names = values.map(plain);
      return (
        <Select
          {...props}
          id={attributes.id}
          options={names}
          chosen={chosen}
          {...(chosen < 0 && { none: write(props.value) })}
          on={(i) => i >= 0 && props.on(values[i]!)}
        />
      );
    }
    case "boolean":
      return (
        <label>
          <input {...attributes} type="checkbox" checked={props.value === true} onChange={(e) => props.on(e.currentTarget.checked)} />{" "}
          {String(props.value)}
        </label>
      );
    case "number":
      return (
        <input
          {...attributes}
          inputMode="decimal"
          autocomplete="off"
          value={plain(props.value)}
          onInput={(e) => props.on(number(e.currentTarget.value))}
        />
      );
    case "string":
      return <Text {...props} />;
  }
  return null;
}

/** What isn't a number stays what was typed, which the schema then refuses. */
const number = (typed: string): Json => (isNumber(typed.trim()) ? new Num(typed.trim()) : typed);

function Text({ shape: { view }, path, value, on, described, wrong }: EditorProps) {
  const { keywords } = view;
  const form = useForm();
  const format = text(keywords.get("format"));
  const [example] = list(keywords.get("examples"));
  const attributes = {
    id: fieldId(path),
    "aria-describedby": described,
    "aria-invalid": wrong,
    autocomplete: "off",
    spellcheck: false,
    placeholder: typeof example === "string" ? example : "",
    value: plain(value),
  } as const;
  const most = keywords.get("maxLength");
  const short = form.short || format || (typeof most === "number" && most <= oneLine);
  const make = makers.get(format);
  const input = (e: { currentTarget: { value: string } }) => on(e.currentTarget.value);
  if (!short) return <textarea {...attributes} rows={1} onInput={input} />;
  return (
    <span class="joined">
      {format === "password" ? <input {...attributes} type={format} onInput={input} /> : <input {...attributes} onInput={input} />}
      {make && (
        <button type="button" class="quiet" onClick={() => on(make())}>
          {format === "uuid" ? "New" : "Now"}
        </button>
      )}
    </span>
  );
}

/** What a button makes for formats that nobody likes to type. A page that isn't served securely can't make UUIDs. */
const makers = new Map<string, () => string>([
  ["date-time", () => new Date().toISOString()],
  ...("randomUUID" in crypto ? [["uuid", () => crypto.randomUUID()] as const] : []),
]);
