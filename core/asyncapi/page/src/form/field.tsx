import { createContext, type ComponentChildren } from "preact";
import { useContext, useState } from "preact/hooks";
import type { Document, Schema } from "../document";
import { Line } from "../markdown/markdown";
import { label } from "../schema/view";
import { facts, typeName } from "../schema/words";
import { member, text } from "../value";
import { isList, isObj, step, type Json, type Obj } from "./json";
import { closest } from "./validate";
import { initial, shape, type Shape } from "./model";
import { ListField, ObjectField } from "./composite";
import { Scalar } from "./scalar";
import { Select } from "./select";
import { RawField } from "./raw";

/** Problems are what is wrong, by JSON Pointers into the frame. */
export type Problems = ReadonlyMap<string, readonly string[]>;

export interface FormContext {
  readonly document: Document;
  readonly problems: Problems;
  /** Whether texts are of one line. */
  readonly short?: boolean;
}

/** Form is what every field needs to know. */
export const Form = createContext<FormContext | undefined>(undefined);

export function useForm(): FormContext {
  const form = useContext(Form);
  if (!form) throw new Error("a field outside of a form");
  return form;
}

export const fieldId = (path: string): string => `at:${path}`;
const choiceId = (path: string): string => `at:${path}|`;

/** focusField goes to the field of a path, or to what it is in where that has none of its own. */
export function focusField(path: string): void {
  for (let at = path; ; at = at.slice(0, at.lastIndexOf("/"))) {
    const element = document.getElementById(fieldId(at)) ?? document.getElementById(choiceId(at));
    if (element || !at) return element?.focus();
  }
}

/** focusSoon does the same after what is about to be rendered. */
export const focusSoon = (path: string): void => void requestAnimationFrame(() => setTimeout(() => focusField(path)));

export interface FieldProps {
  readonly name: string;
  readonly schema: Schema;
  readonly value: Json;
  readonly path: string;
  readonly on: (value: Json) => void;
  /** What stands in place of the name, such as the key of a map. */
  readonly head?: ComponentChildren;
  /** Buttons, such as to remove it. */
  readonly tools?: ComponentChildren;
  readonly required?: boolean;
}

/** EditorProps are a field's with what its schema says, and the ids of what describes it. */
export interface EditorProps extends FieldProps {
  readonly shape: Shape;
  readonly described: string | undefined;
  readonly wrong: boolean;
}

/** Field edits a value by its schema. */
export function Field(props: FieldProps) {
  const { document, problems } = useForm();
  const form = shape(document, props.schema);
  const { view: shown, kind } = form;
  const id = fieldId(props.path);
  const found = problems.get(props.path) ?? [];
  const isNull = isNullable(form) && props.value === null;
  const words = hints(form);
  const hinted = words !== "" || shown.description !== "";
  const described = [...(found.length ? [`${id}!`] : []), ...(hinted ? [`${id}?`] : [])].join(" ") || undefined;
  const composite =
    (kind === "object" && isObj(props.value)) || (kind === "array" && isList(props.value)) || (kind === "choice" && !isNull);
  const group = {
    role: "group",
    id: kind === "choice" ? choiceId(props.path) : id,
    tabIndex: -1,
    "aria-label": props.name,
    "aria-describedby": described,
  } as const;
  return (
    <div class={composite ? "field group" : "field"} {...(composite && group)}>
      <Head {...props} form={form} composite={composite} />
      {hinted && (
        <p class="hint" id={`${id}?`}>
          {shown.description && <Line text={shown.description} />}
          {shown.description && words && " · "}
          {words}
        </p>
      )}
      {!isNull && <Editor {...props} shape={form} described={described} wrong={found.length > 0} />}
      {found.length > 0 && (
        <p class="problem" id={`${id}!`}>
          {found.join("; ")}
        </p>
      )}
    </div>
  );
}

const isNullable = ({ view: shown, kind }: Shape): boolean => shown.nullable && kind !== "null";

/** Head is a field's name, what may be in it, and its buttons. */
function Head({ name, schema, value, path, on, head, tools, required, form, composite }: FieldProps & { form: Shape; composite: boolean }) {
  const { document, short } = useForm();
  const { kind } = form;
  const id = fieldId(path);
  return (
    <div class="head">
      {head ?? (composite ? <b>{name}</b> : <label for={id}>{name}</label>)}
      {kind !== "object" && <span class="type">{typeName(form.view)}</span>}
      {required && !(short && kind === "object") && <span class="required">required</span>}
      <span class="tools">
        {isNullable(form) && (
          <label class="null">
            <input
              type="checkbox"
              id={value === null ? id : undefined}
              aria-label={`${name} is null`}
              checked={value === null}
              onChange={(e) => on(e.currentTarget.checked ? null : initial(document, schema))}
            />{" "}
            null
          </label>
        )}
        {tools}
      </span>
    </div>
  );
}

/** hints are the limits in words; what the editor shows by itself is left out. */
function hints({ view: shown, kind }: Shape): string {
  if (kind === "fixed" || kind === "enum") return "";
  const told = facts(shown).filter((fact) => !["default", "such as", "always"].includes(fact.word) && fact.word);
  return told.map((fact) => [fact.word, fact.code].filter(Boolean).join(" ")).join(", ");
}

function Editor(props: EditorProps): ComponentChildren {
  switch (props.shape.kind) {
    case "choice":
      return <ChoiceField {...props} />;
    case "object":
      return <ObjectField {...props} />;
    case "array":
      return <ListField {...props} />;
    case "raw":
      return <RawField {...props} />;
    default:
      return <Scalar {...props} />;
  }
}

/** ChoiceField edits a value that has one of several schemas: the one that was chosen, else the one that it fits best. */
function ChoiceField({ shape: { alternatives, view: shown }, ...props }: EditorProps) {
  const { document } = useForm();
  const [chosen, choose] = useState<{ value: Json; index: number }>();
  const index = chosen?.value === props.value ? chosen.index : closest(alternatives, props.value, document.resolve);
  const set = (value: Json, at = index) => {
    choose({ value, index: at });
    props.on(value);
  };
  const alternative = alternatives[index] ?? true;
  const name = (schema: Schema, i: number) => (shown.types.length > 1 ? text(member(schema, "type")) : label(document, schema, i));
  return (
    <>
      <Select
        label={`Which ${props.name}`}
        options={alternatives.map(name)}
        chosen={index}
        on={(i) => set(initial(document, alternatives[i] ?? true), i)}
      />
      <Editor key={index} {...props} schema={alternative} shape={shape(document, alternative)} on={(value) => set(value)} />
    </>
  );
}

interface FieldsProps extends FormContext {
  /** Of an object. */
  readonly schema: Schema;
  readonly value: Obj;
  /** What the paths of its members begin with. */
  readonly path: string;
  readonly name: string;
  readonly on: (value: Obj) => void;
}

/** Fields is a form for an object's members. */
export function Fields({ document, problems, short = false, on, ...props }: FieldsProps) {
  return (
    <Form.Provider value={{ document, problems, short }}>
      <ObjectField
        {...props}
        on={(value) => isObj(value) && on(value)}
        shape={shape(document, props.schema)}
        described={undefined}
        wrong={false}
      />
    </Form.Provider>
  );
}

/** The path of a member or an item. */
export const within = (props: { path: string }, name: string | number): string => step(props.path, name);
