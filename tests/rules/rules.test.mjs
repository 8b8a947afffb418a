// Who can read what: every cell against the real rules, then proof that the cells have asked every question both ways.

import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';

import { assertFails, assertSucceeds } from '@firebase/rules-unit-testing';
import { collection, doc, getDoc, getDocs, orderBy, query, where } from 'firebase/firestore';

import { READS, WRITES } from './cells.mjs';
import { RULES, everyPart, expressions } from './rules_source.mjs';
import { makeWorld, person } from './world.mjs';

const world = await makeWorld(RULES);
after(() => world.close());

describe('ONLY these reads are allowed, and no write', () => {
  for (const { name, caller, act, allowed } of [...READS, ...WRITES]) {
    test(`${allowed ? 'can' : 'cannot'} ${name}`, async () => {
      const acting = act(world.firestoreOf(caller));
      await (allowed ? assertSucceeds(acting) : assertFails(acting));
    });
  }
});

describe('what an allowed read gives', () => {
  const firestore = world.firestoreOf(person('ana'));

  test('a query gives ONLY the tasks that are open and not deleted', async () => {
    const conditions = {
      clientId: 'north',
      contextId: 'ctx-eligibility',
      mode: 'eligibility',
      deletedAt: null,
      completed: false,
    };
    const stated = Object.entries(conditions).map(([field, value]) => where(field, '==', value));
    const found = await getDocs(query(collection(firestore, 'tasks'), ...stated, orderBy('sortAt')));
    assert.deepEqual(
      found.docs.map(({ id }) => id),
      ['task-eligibility'],
    );
  });

  test('a context comes with its fields', async () => {
    const found = await getDoc(doc(firestore, 'contexts/ctx-eligibility'));
    assert.equal(found.data().recordId, 'MRN1');
  });
});

describe('the cells ask every question', () => {
  test('every expression of the rules has been evaluated', async () => {
    const parts = (await expressions(world.projectId)).flatMap((root) => [...everyPart(root)]);
    assert.ok(parts.length > 0, 'the emulator reports no expressions');
    const skipped = parts.filter(({ seen }) => seen.length === 0);
    assert.deepEqual(
      skipped.map(({ line, text }) => `line ${line}: ${text}`),
      [],
    );
  });

  test('every predicate and every conditional allow has been both true and false', async () => {
    const roots = await expressions(world.projectId);
    const functions = RULES.match(/^ *function /gm).length;
    const conditions = RULES.match(/allow [^;]*?: if (?!false;)/g).length;
    assert.equal(roots.length, functions + conditions);
    const answers = roots.filter(({ seen }) => seen.some((value) => 'boolValue' in value));
    const oneSided = answers.filter(
      ({ seen }) => ![true, false].every((side) => seen.some(({ boolValue }) => boolValue === side)),
    );
    assert.deepEqual(
      oneSided.map(({ line, text }) => `line ${line}: ${text}`),
      [],
    );
    assert.equal(answers.length, roots.length - 1, 'every root but sessionId() answers yes or no');
  });
});
