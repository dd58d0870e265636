// A value that a JSON Schema accepts, to begin with.

/** sample makes a value of a schema that stands on its own. */
export function sample(schema) {
  return of(schema, schema, 0);
}

function of(schema, root, depth) {
  if (schema === true || depth > 8) return null;
  if (schema.$ref) return of(resolve(schema.$ref, root), root, depth + 1);
  for (const known of [schema.default, schema.examples?.[0], schema.const, schema.enum?.[0]]) {
    if (known !== undefined) return known;
  }
  const one = schema.allOf?.[0] ?? schema.anyOf?.[0] ?? schema.oneOf?.[0];
  if (one) return of(one, root, depth + 1);
  switch ([schema.type].flat()[0]) {
    case 'string': return text(schema);
    case 'integer': return number(schema, 1);
    case 'number': return number(schema, 1.5);
    case 'boolean': return true;
    case 'array': return schema.items ? [of(schema.items, root, depth + 1)] : [];
    case 'object': return object(schema, root, depth);
    default: return null;
  }
}

/** object has the members that must be there, and those with a default that says something. */
function object(schema, root, depth) {
  const value = {};
  for (const [name, member] of Object.entries(schema.properties ?? {})) {
    const made = of(member, root, depth + 1);
    if (schema.required?.includes(name) || made !== null) value[name] = made;
  }
  return value;
}

function text(schema) {
  const made = schema.format === 'date-time' ? new Date().toISOString() : 'Hello';
  return made.padEnd(schema.minLength ?? 0, '.').slice(0, schema.maxLength ?? undefined);
}

function number(schema, usual) {
  return Math.min(Math.max(usual, schema.minimum ?? usual), schema.maximum ?? Infinity);
}

/** resolve follows a reference such as #/definitions/Name. */
function resolve(ref, root) {
  return ref.slice(2).split('/').reduce((at, name) => at[name.replace(/~1/g, '/').replace(/~0/g, '~')], root);
}
