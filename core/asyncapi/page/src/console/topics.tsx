import { useState } from "preact/hooks";
import type { Channel, Schema } from "../document";
import { Fields, focusSoon, type Problems } from "../form/field";
import { plain, type Obj } from "../form/json";
import { initial } from "../form/model";
import { Select } from "../form/select";
import { validate } from "../form/validate";
import { record } from "../value";
import { asObj, topicName } from "./address";
import { useListened, type Bench } from "./bench";
import { problemsOf } from "./frames";

/** Topics is where topics are subscribed to on a connection that is open. */
export function Topics({ bench, channel }: { bench: Bench; channel: Channel }) {
  const { session } = bench;
  const { topics } = session.frames;
  const [picked, pick] = useState<Channel>();
  useListened(session);
  if (!topics.length) return null;
  const topic = picked ?? topics.find((one) => one === channel) ?? topics[0]!;
  const subscriptions = [...session.subscriptions.values()];
  return (
    <section aria-label="Topics">
      {topics.length > 1 && (
        <Select
          label="Pattern of the topic"
          options={topics.map((one) => one.topic?.pattern ?? "")}
          chosen={topics.indexOf(topic)}
          on={(i) => pick(topics[i])}
        />
      )}
      <Subscribe key={topic.id} bench={bench} topic={topic} />
      {subscriptions.length > 0 && (
        <ul aria-label="Subscribed topics">
          {subscriptions.map((subscription) => (
            <li key={subscription.topic} class="bar">
              <code class="url">{subscription.topic}</code>
              {!subscription.confirmed && <span class="hint">asked…</span>}
              <button type="button" class="quiet" onClick={() => session.unsubscribe(subscription)}>
                Unsubscribe<span class="hidden"> from {subscription.topic}</span>
              </button>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

/** topicSchema is the schema of what a pattern is filled in with. */
export function topicSchema({ topic }: Channel): Schema {
  const names = topic?.parameters ?? [];
  const schemaOf = (name: string) => {
    const schema = topic?.schema(name) ?? true;
    return schema === true ? { type: "string", default: "" } : schema;
  };
  return { type: "object", properties: record(names.map((name) => [name, schemaOf(name)])), required: names };
}

/** topicProblems are what is wrong with those values: a colon would be a border between segments. */
export function topicProblems(bench: Bench, channel: Channel, values: Obj): Problems {
  const found = validate(topicSchema(channel), values, bench.document.resolve);
  for (const [name, value] of values) {
    const text = plain(value);
    if (!text || text.includes(":")) found.push({ path: `/${name}`, message: text ? "can't have a colon" : "is required" });
  }
  return new Map([...problemsOf(found)].map(([path, messages]) => [`topic${path}`, [...new Set(messages)]]));
}

function Subscribe({ bench, topic }: { bench: Bench; topic: Channel }) {
  const { document, session } = bench;
  const schema = topicSchema(topic);
  const [values, set] = useState<Obj>(() => asObj(initial(document, schema)));
  const [tried, setTried] = useState(false);
  const [asked, setAsked] = useState<string>();
  const { failure } = session;
  const problems = topicProblems(bench, topic, values);
  const name = topicName(topic.topic?.pattern ?? "", values);
  const position = session.positionOf(name);
  const subscribe = (recover: boolean) => {
    const [first] = problems.keys();
    setTried(first !== undefined);
    if (first !== undefined) focusSoon(first);
    else {
      session.subscribe(topic, name, recover);
      setAsked(session.lastRef);
    }
  };
  return (
    <>
      {values.size > 0 && (
        <Fields
          document={document}
          short
          name="Topic"
          schema={schema}
          value={values}
          path="topic"
          problems={tried ? problems : new Map()}
          on={set}
        />
      )}
      <div class="bar">
        <code class="url">{name}</code>
        {topic.topic?.history && position && (
          <button type="button" disabled={session.state !== "open"} onClick={() => subscribe(true)}>
            Recover after {position.seq}
          </button>
        )}
        <button type="button" disabled={session.state !== "open"} onClick={() => subscribe(false)}>
          Subscribe
        </button>
      </div>
      {failure && failure.ref === asked && (
        <p class="failure" role="alert">
          {failure.reason}: {failure.detail}
        </p>
      )}
    </>
  );
}
