// What others make of a document: AsyncAPI's own parser, and Spectral with its rules for
// AsyncAPI. Both know 3.0.0 and 3.1.0, and hold a document against the official schema of
// its version, and its references.

import { Parser } from '@asyncapi/parser';
import spectral from '@stoplight/spectral-core';
import parsers from '@stoplight/spectral-parsers';
import rulesets from '@stoplight/spectral-rulesets';

const severities = ['error', 'warning', 'information', 'hint'];

const parser = new Parser();
const linter = new spectral.Spectral();
linter.setRuleset(rulesets.asyncapi);

/** Returns what AsyncAPI's parser read, undefined where it could not, and its findings. */
export async function parse({ text }) {
  const { document, diagnostics } = await parser.parse(text);
  return { document, findings: diagnostics.map(finding) };
}

/** Returns the findings of Spectral. */
export async function lint({ name, text }) {
  const syntax = name.endsWith('.json') ? parsers.Json : parsers.Yaml;
  return (await linter.run(new spectral.Document(text, syntax, name))).map(finding);
}

function finding({ severity, code, message, path }) {
  return { severity: severities[severity], rule: code, message, pointer: path.map((step) => `/${step}`).join('') };
}
