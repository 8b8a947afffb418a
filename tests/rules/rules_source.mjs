// firestore.rules as text, and what the emulator knows of it: where each expression stands and what it has been.

import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const RULES = readFileSync(join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'firestore.rules'), 'utf8');

const endpoint = (projectId, what) =>
  `http://${process.env.FIRESTORE_EMULATOR_HOST}/emulator/v1/projects/${projectId}:${what}`;

/** Puts other rules into force for one project of the emulator. Throws when they do not compile. */
export async function putRules(projectId, content) {
  const body = JSON.stringify({ rules: { files: [{ name: 'firestore.rules', content }] } });
  const answer = await fetch(endpoint(projectId, 'securityRules'), { method: 'PUT', body });
  if (!answer.ok) throw new Error(`the emulator refuses the rules: ${await answer.text()}`);
}

/**
 * The expressions of the project's rules: one root for each function body and each condition of an `allow` (a literal
 * has none), children in source order. An expression: {start, end, line, text, seen, children}; `seen` holds the
 * values it has had, without the times it was skipped because its neighbour had decided.
 */
export async function expressions(projectId) {
  const answer = await (await fetch(endpoint(projectId, 'ruleCoverage'))).json();
  const source = answer.rules.files[0].content;
  const read = ({ sourcePosition: at, values = [], children = [] }) => {
    const end = endOf(source, at);
    return {
      start: at.currentOffset,
      end,
      line: at.line,
      text: source.slice(at.currentOffset, end),
      seen: values.map(({ value }) => value).filter((value) => Object.keys(value).length > 0),
      children: children.map(read),
    };
  };
  return answer.report.map(read);
}

/** Behind an expression: the emulator names its last character, but leaves out `()` and the brackets that close it. */
function endOf(source, { currentOffset, endOffset }) {
  let end = endOffset + 1;
  if (source.startsWith('()', end)) end += 2;
  const open = (text) => (text.match(/[([{]/g) ?? []).length - (text.match(/[)\]}]/g) ?? []).length;
  while (end < source.length && open(source.slice(currentOffset, end)) > 0) end += 1;
  return end;
}

/** An expression and all that it is made of. */
export function* everyPart(expression) {
  yield expression;
  for (const child of expression.children) yield* everyPart(child);
}
