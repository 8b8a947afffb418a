// Weakens (or breaks) the rules one clause at a time: at least one cell must notice each change.

import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';

import { READS, WRITES } from './cells.mjs';
import { RULES, everyPart, expressions, putRules } from './rules_source.mjs';
import { MODES, MODES_READ, makeWorld } from './world.mjs';

const GROUP = 24; // cells asked at once

const world = await makeWorld(RULES);
after(() => world.close());

const replaced = ({ start, end }, by) => RULES.slice(0, start) + by + RULES.slice(end);
const oneLine = (text) => text.replaceAll(/\s+/g, ' ');

/** The operator that joins the two sides of an expression, or undefined. */
function operatorOf({ children: [left, right] }) {
  return right && RULES.slice(left.end, right.start).match(/^\)*\s*(&&|\|\|)\s*\(*$/)?.[1];
}

/** Each side of each && made true and of each || made false; of a chain, its links and not its parts. */
function clauseMutants(expression) {
  const operator = operatorOf(expression);
  const links = expression.children.filter((side) => operatorOf(side) !== operator);
  const [what, by] = operator === '&&' ? ['without', 'true'] : ['never', 'false'];
  return links.map((side) => ({
    name: `line ${side.line} ${what} \`${oneLine(side.text)}\``,
    rules: replaced(side, by),
  }));
}

/** Each `allow` made unconditional. */
function* openedMutants() {
  for (const match of RULES.matchAll(/allow ([a-z, ]+): if ([^;]+);/g)) {
    const line = RULES.slice(0, match.index).split('\n').length;
    const at = { start: match.index, end: match.index + match[0].length };
    yield {
      name: `line ${line} allowing ${match[1]} to everybody`,
      rules: replaced(at, `allow ${match[1]}: if true;`),
    };
  }
}

/** Each role given each mode that it does not work in. */
function* roleMutants() {
  for (const match of RULES.matchAll(/'(\w+)': \[/g)) {
    for (const mode of MODES.filter((name) => !MODES_READ[match[1]].includes(name))) {
      const at = { start: match.index, end: match.index + match[0].length };
      yield { name: `${match[1]} reading ${mode}`, rules: replaced(at, `'${match[1]}': ['${mode}', `) };
    }
  }
}

/** Whether the rules let a cell through: then a document that another write has deleted is merely not found. */
async function answerOf({ caller, act }) {
  try {
    await act(world.firestoreOf(caller));
    return true;
  } catch (error) {
    if (error.code === 'permission-denied') return false;
    if (error.code === 'not-found') return true;
    throw error;
  }
}

/** The names of cells whose answer is not the right one: those of the first group of cells that has any. */
async function noticing(cells) {
  for (let first = 0; first < cells.length; first += GROUP) {
    const group = cells.slice(first, first + GROUP);
    const answers = await Promise.all(group.map(answerOf));
    const wrong = group.filter(({ allowed }, index) => answers[index] !== allowed);
    if (wrong.length > 0) return wrong.map(({ name }) => name);
  }
  return [];
}

const roots = await expressions(world.projectId);
const joined = roots.flatMap((root) => [...everyPart(root)]).filter(operatorOf);
const mutants = [...joined.flatMap(clauseMutants), ...openedMutants(), ...roleMutants()];

describe('no clause of the rules can be dropped unnoticed', () => {
  test('no cell complains of the rules themselves', async () => {
    assert.deepEqual(await noticing([...READS, ...WRITES]), []);
  });

  test('every operator of the rules has been found', () => {
    assert.equal(joined.length, RULES.match(/&&|\|\|/g).length);
  });

  for (const { name, rules } of mutants) {
    test(`rules with ${name} are noticed`, async () => {
      await putRules(world.projectId, rules);
      assert.notDeepEqual(await noticing([...READS, ...WRITES]), []);
    });
  }

  test('no mutant has spoilt what the others read', async () => {
    await putRules(world.projectId, RULES);
    assert.deepEqual(await noticing([...READS, ...WRITES]), []);
  });
});
