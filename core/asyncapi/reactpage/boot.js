// The document is beside the page. The component wants it parsed: with every
// reference replaced by what it refers to, which it finds to be a circle by identity.
"use strict";
(async () => {
  const at = location.pathname.replace(/\/$/, "") + ".json";
  const main = document.getElementById("asyncapi");
  try {
    const answer = await fetch(at, { credentials: "same-origin" });
    if (!answer.ok) throw new Error(`HTTP ${answer.status} ${answer.statusText}`);
    const schema = dereferenced(await answer.json());
    document.title = String(schema.info?.title ?? "AsyncAPI");
    AsyncApiStandalone.render({ schema, config: { show: { sidebar: true } } }, main);
  } catch (error) {
    main.textContent = `The document ${at} could not be shown: ${error.message}`;
  }

  // dereferenced marks a document as the parser does, and resolves its references.
  function dereferenced(root) {
    root["x-parser-spec-parsed"] = true;
    root["x-parser-api-version"] = 1;
    for (const objects of [root.channels, root.operations]) {
      for (const [id, object] of Object.entries(objects ?? {})) object["x-parser-unique-object-id"] = id;
    }
    for (const [id, message] of Object.entries(root.components?.messages ?? {})) {
      message["x-parser-unique-object-id"] = message["x-parser-message-name"] = id;
    }
    for (const [id, schema] of Object.entries(root.components?.schemas ?? {})) {
      if (typeof schema === "object") schema["x-parser-schema-id"] = id;
    }
    const seen = new Set();
    const walk = (value) => {
      if (typeof value !== "object" || value === null || seen.has(value)) return;
      seen.add(value);
      for (const key of Object.keys(value)) {
        value[key] = resolved(root, value[key]);
        walk(value[key]);
      }
    };
    walk(root);
    return root;
  }

  // resolved follows a reference, and the one that it leads to.
  function resolved(root, value) {
    for (let hops = 0; hops < 100; hops++) {
      const ref = value?.$ref;
      if (typeof ref !== "string" || !ref.startsWith("#/")) return value;
      value = ref.slice(2).split("/").reduce((at, part) => {
        const name = decodeURIComponent(part).replaceAll("~1", "/").replaceAll("~0", "~");
        return Object.hasOwn(at ?? {}, name) ? at[name] : undefined;
      }, root);
    }
    return undefined;
  }
})();
