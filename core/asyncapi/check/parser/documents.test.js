// Documents that come of our code are right in the eyes of others.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { committed, written } from './documents.js';
import { lint, parse } from './readers.js';

// Findings that aren't errors, and why they are none of ours. What isn't here fails.
const allowed = {
  'asyncapi-latest-version': '3.0.0 is what we write by default, as most tools read it; 3.1.0 is an option',
  'asyncapi-servers': 'the server is known once a request came: only what is served has it',
  'asyncapi-3-tags': 'tags are for the application to give',
  'asyncapi-info-description': 'so is a description',
  'asyncapi-info-contact': 'so is a contact',
  'asyncapi-info-contact-properties': 'so are its name, address and mail, all three optional',
  'asyncapi-info-license': 'so is a licence',
  'asyncapi-3-operation-description': 'an operation has one where its handler was given one',
};

const now = written();
const documents = [...committed(), ...now];

test('there are documents', () => {
  const names = documents.map(({ name }) => name).join('\n');
  assert.match(names, /^core\/asyncapi\/testdata\/.*\.json$/m);
  assert.match(names, /^examples\/showcase\/testdata\/showcase\.asyncapi\.json$/m);
  assert.match(names, /^written now: .*\.yaml$/m);
});

for (const document of documents.flatMap(inBothVersions)) {
  test(document.name, async () => {
    const parsed = await parse(document);
    const findings = [...parsed.findings, ...await lint(document)];
    assert.deepEqual(findings.filter(({ severity, rule }) => severity === 'error' || !Object.hasOwn(allowed, rule)), []);
    assert.ok(parsed.document, 'the parser made a document of it');
  });
}

test('JSON and YAML say the same', async () => {
  const [json, yaml] = await Promise.all(now.map(async (document) => (await parse(document)).document.json()));
  assert.ok(Object.keys(json.channels).length > 0);
  assert.deepEqual(yaml, json);
});

/** A document as it is and, since the versions differ in nothing that we write, as one of the other version. */
function inBothVersions({ name, text }) {
  const [, version] = /^\s*"?asyncapi"?:\s*['"]?(3\.[01]\.0)\b/m.exec(text);
  const other = version === '3.0.0' ? '3.1.0' : '3.0.0';
  return [
    { name: `${version} ${name}`, text },
    { name: `${other} ${name}`, text: text.replace(version, other) },
  ];
}
