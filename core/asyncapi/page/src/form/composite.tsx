import { useState } from "preact/hooks";
import type { Schema } from "../document";
import { Field, fieldId, focusSoon, useForm, within, type EditorProps } from "./field";
import { isList, isObj, type Json, type Obj } from "./json";
import { fresh, initial, isWide, renamed, swapped, without, withMember } from "./model";
import { RawField } from "./raw";

/** ObjectField edits the members that the schema knows, and those of any other name. */
export function ObjectField(props: EditorProps) {
  const { document } = useForm();
  const { path, value, on } = props;
  const { view } = props.shape;
  if (!isObj(value)) return <RawField {...props} />;
  const known = new Set(view.properties.map((property) => property.name));
  const others = [...value.keys()].filter((name) => !known.has(name));
  const absent = view.properties.filter(({ name }) => !value.has(name));
  const extra = view.extra === undefined || view.extra === false ? true : view.extra;
  const put = (name: string, schema: Schema) => {
    on(withMember(value, name, initial(document, schema)));
    focusSoon(within(props, name));
  };
  const drop = (name: string) => {
    on(without(value, name));
    focusSoon(path);
  };
  return (
    <div class="members">
      {view.properties
        .filter(({ name }) => value.has(name))
        .map(({ name, schema, required }) => (
          <Field
            key={name}
            name={name}
            schema={schema}
            value={value.get(name)!}
            path={within(props, name)}
            required={required}
            on={(item) => on(withMember(value, name, item))}
            tools={!required && <Remove name={name} on={() => drop(name)} />}
          />
        ))}
      {others.map((name, i) => (
        <MapRow key={i} name={name} object={value} schema={extra} path={within(props, name)} on={on} drop={() => drop(name)} />
      ))}
      {(absent.length > 0 || isWide(view)) && (
        <div class="add">
          {absent.map(({ name, schema, required }) => (
            <Add
              key={name}
              id={fieldId(within(props, name))}
              name={name}
              required={required}
              path={within(props, name)}
              on={() => put(name, schema)}
            />
          ))}
          {isWide(view) && (
            <button type="button" class="quiet" onClick={() => put(fresh(value), extra)}>
              + {known.size ? "another member" : "entry"}
              <span class="hidden"> of {props.name}</span>
            </button>
          )}
        </div>
      )}
    </div>
  );
}

interface AddProps {
  readonly id: string;
  readonly name: string;
  readonly path: string;
  readonly required: boolean;
  readonly on: () => void;
}

/** Add is the button for a member that isn't there. Where it has to be, it says so. */
function Add({ id, name, path, required, on }: AddProps) {
  const { problems } = useForm();
  const found = problems.get(path);
  return (
    <>
      <button type="button" id={id} class="quiet" aria-invalid={!!found} aria-describedby={found && `${id}!`} onClick={on}>
        + {name}
        {required && " (required)"}
      </button>
      {found && (
        <span class="problem" id={`${id}!`}>
          {found.join("; ")}
        </span>
      )}
    </>
  );
}

function Remove({ name, on }: { name: string; on: () => void }) {
  return (
    <button type="button" class="quiet icon" aria-label={`Remove ${name}`} title="Remove" onClick={on}>
      ×
    </button>
  );
}

interface MapRowProps {
  readonly name: string;
  readonly object: Obj;
  readonly schema: Schema;
  readonly path: string;
  readonly on: (value: Json) => void;
  readonly drop: () => void;
}

/** MapRow edits a member and its name. A name that is taken is not given. */
function MapRow({ name, object, schema, path, on, drop }: MapRowProps) {
  const [typed, type] = useState({ name, text: name });
  const text = typed.name === name ? typed.text : name;
  const rename = (next: string) => {
    const taken = next !== name && object.has(next);
    type({ name: taken ? name : next, text: next });
    if (!taken) on(renamed(object, name, next));
  };
  const head = (
    <>
      <input
        class="key"
        aria-label="Name"
        autocomplete="off"
        spellcheck={false}
        value={text}
        aria-invalid={text !== name}
        onInput={(e) => rename(e.currentTarget.value)}
      />
      {text !== name && (
        <span class="problem" role="status">
          is there already
        </span>
      )}
    </>
  );
  return (
    <Field
      name={name}
      head={head}
      schema={schema}
      value={object.get(name)!}
      path={path}
      on={(item) => on(withMember(object, name, item))}
      tools={<Remove name={name} on={drop} />}
    />
  );
}

/** ListField edits items in their order. */
export function ListField(props: EditorProps) {
  const { document } = useForm();
  const { path, value, on } = props;
  const schema = props.shape.view.items ?? true;
  if (!isList(value)) return <RawField {...props} />;
  const add = () => {
    on([...value, initial(document, schema)]);
    focusSoon(within(props, value.length));
  };
  const move = (from: number, to: number) => {
    on(swapped(value, from, to));
    focusSoon(within(props, to));
  };
  const drop = (at: number) => {
    on(value.filter((_, i) => i !== at));
    focusSoon(path);
  };
  return (
    <div class="members">
      {value.map((item, i) => (
        <Field
          key={i}
          name={`${props.name} ${i + 1}`}
          schema={schema}
          value={item}
          path={within(props, i)}
          on={(next) => on(value.map((other, j) => (i === j ? next : other)))}
          tools={
            <>
              <button
                type="button"
                class="quiet icon"
                aria-label={`Move ${props.name} ${i + 1} up`}
                disabled={i === 0}
                onClick={() => move(i, i - 1)}
              >
                ↑
              </button>
              <button
                type="button"
                class="quiet icon"
                aria-label={`Move ${props.name} ${i + 1} down`}
                disabled={i + 1 === value.length}
                onClick={() => move(i, i + 1)}
              >
                ↓
              </button>
              <Remove name={`${props.name} ${i + 1}`} on={() => drop(i)} />
            </>
          }
        />
      ))}
      <div class="add">
        <button type="button" class="quiet" onClick={add}>
          + item<span class="hidden"> of {props.name}</span>
        </button>
      </div>
    </div>
  );
}
