// The documents that the cells read and the people who read them. Two organisations, north and south.

import { initializeTestEnvironment } from '@firebase/rules-unit-testing';
import { randomUUID } from 'node:crypto';
import { doc, setLogLevel, writeBatch } from 'firebase/firestore';

export const MODES = ['eligibility', 'front-desk', 'backend', 'email-drafter', 'made-later'];
export const SIGN_IN = 1000;

// Who works where, written out by hand: the rules get theirs from the permission table.
export const MODES_READ = {
  admin: MODES,
  manager: MODES,
  auditor: MODES,
  eligibility_specialist: ['eligibility', 'email-drafter'],
  front_desk: ['eligibility', 'front-desk', 'email-drafter'],
  biller: ['backend', 'eligibility', 'email-drafter'],
  janitor: [],
};

const STRANDED = ['ended', 'endless', 'moved', 'mallory', 'newcomer'];
const NOW = new Date('2026-03-02T15:00:00Z');
const [BEFORE, LATER] = [-1, 1].map((hours) => new Date(Date.now() + hours * 3_600_000));
const OPENED = [
  ...MODES.map((mode) => `ctx-${mode}`),
  'ctx-of-south',
  'ctx-of-number',
  'ctx-without-mode',
  'ctx-absent',
  'ctx-to-write',
];

/** The caller of a cell. `claims` replace the good ones; a claim that is `undefined` is not in the token at all. */
export function person(uid, claims = {}) {
  const good = { clientId: 'north', role: 'eligibility_specialist', userId: `user-${uid}`, auth_time: SIGN_IN };
  return { uid, claims: { ...good, ...claims } };
}

function context(mode, changes = {}) {
  return {
    clientId: 'north',
    mode,
    recordType: 'patient',
    recordId: 'MRN1',
    status: 'proceed',
    openTaskCount: 1,
    ...changes,
  };
}

function task(mode, changes = {}) {
  const contextId = `ctx-${mode}`;
  return {
    clientId: 'north',
    contextId,
    mode,
    label: 'Call the payer',
    completed: false,
    deletedAt: null,
    sortAt: NOW,
    ...changes,
  };
}

function feedback(uid, changes = {}) {
  return {
    clientId: 'north',
    contextId: 'ctx-eligibility',
    mode: 'eligibility',
    messageId: 'msg-1',
    userId: `user-${uid}`,
    rating: 'up',
    ...changes,
  };
}

function message(mode, changes = {}) {
  return {
    clientId: 'north',
    contextId: `ctx-${mode}`,
    mode,
    threadId: 'front',
    content: 'Is she covered?',
    sortAt: NOW,
    ...changes,
  };
}

function draft(mode, changes = {}) {
  return { clientId: 'north', contextId: `ctx-${mode}`, mode, state: 'draft', body: 'Dear Ana', sortAt: NOW, ...changes };
}

function session(uid, changes = {}) {
  return {
    clientId: 'north',
    uid,
    userId: `user-${uid}`,
    openContexts: OPENED,
    endedAt: null,
    idleUntil: LATER,
    expireAt: LATER,
    ...changes,
  };
}

function entry(uid, changes = {}) {
  return { clientId: 'north', uid, alertId: 'alert-1', severity: 'info', isActive: true, updatedAt: NOW, ...changes };
}

function withoutField(document, field) {
  const { [field]: _, ...rest } = document;
  return rest;
}

const DOCUMENTS = {
  ...Object.fromEntries(MODES.map((mode) => [`contexts/ctx-${mode}`, context(mode)])),
  'contexts/ctx-not-opened': context('eligibility'),
  'contexts/ctx-of-south': context('eligibility', { clientId: 'south' }),
  'contexts/ctx-of-number': context('eligibility', { clientId: 7 }),
  'contexts/ctx-without-mode': withoutField(context('eligibility'), 'mode'),
  'contexts/ctx-to-write': context('eligibility'),
  'contexts/ctx-eligibility/notes/1': { clientId: 'north' },

  ...Object.fromEntries(MODES.map((mode) => [`tasks/task-${mode}`, task(mode)])),
  'tasks/task-completed': task('eligibility', { completed: true }),
  'tasks/task-deleted': task('eligibility', { deletedAt: NOW }),
  'tasks/task-without-deleted-at': withoutField(task('eligibility'), 'deletedAt'),
  'tasks/task-not-opened': task('eligibility', { contextId: 'ctx-not-opened' }),
  'tasks/task-of-south': task('eligibility', { clientId: 'south' }),
  'tasks/task-to-write': task('eligibility', { contextId: 'ctx-to-write' }),
  'tasks/task-of-number': task('eligibility', { clientId: 7 }),

  'feedback/of-ana': feedback('ana'),
  'feedback/of-ben': feedback('ben'),
  'feedback/of-nobody': withoutField(feedback('ana'), 'userId'),
  'feedback/not-opened': feedback('ana', { contextId: 'ctx-not-opened' }),
  'feedback/of-south': feedback('ana', { clientId: 'south' }),
  'feedback/to-write': feedback('writer'),

  ...Object.fromEntries(MODES.map((mode) => [`messages/msg-${mode}`, message(mode)])),
  'messages/msg-of-ana': message('eligibility', { threadId: 'own_user-ana' }),
  'messages/msg-of-ben': message('eligibility', { threadId: 'own_user-ben' }),
  'messages/msg-without-thread': withoutField(message('eligibility'), 'threadId'),
  'messages/msg-not-opened': message('eligibility', { contextId: 'ctx-not-opened' }),
  'messages/msg-of-south': message('eligibility', { clientId: 'south' }),
  'messages/msg-to-write': message('eligibility', { contextId: 'ctx-to-write' }),
  'messages/msg-of-number': message('eligibility', { clientId: 7 }),

  'drafts/draft-eligibility': draft('eligibility'),
  'drafts/draft-to-write': draft('eligibility', { contextId: 'ctx-to-write' }),

  ...Object.fromEntries(Object.keys(MODES_READ).map((role) => [`sessions/${role}_${SIGN_IN}`, session(role)])),
  [`sessions/ana_${SIGN_IN}`]: session('ana'),
  [`sessions/ben_${SIGN_IN}`]: session('ben'),
  'sessions/ana_900': session('ana'),
  'sessions/ana_noon': session('ana'),
  [`sessions/writer_${SIGN_IN}`]: session('writer'),
  [`sessions/ended_${SIGN_IN}`]: session('ended', { endedAt: NOW }),
  [`sessions/idle_${SIGN_IN}`]: session('idle', { idleUntil: BEFORE }),
  [`sessions/busy_${SIGN_IN}`]: withoutField(session('busy'), 'idleUntil'),
  [`sessions/expired_${SIGN_IN}`]: session('expired', { expireAt: BEFORE }),
  [`sessions/lasting_${SIGN_IN}`]: withoutField(session('lasting'), 'expireAt'),
  [`sessions/endless_${SIGN_IN}`]: withoutField(session('endless'), 'endedAt'),
  [`sessions/moved_${SIGN_IN}`]: session('moved', { clientId: 'south' }),
  [`sessions/mallory_${SIGN_IN}`]: session('ana'),
  [`sessions/number_${SIGN_IN}`]: session('number', { clientId: 7 }),
  [`sessions/south_${SIGN_IN}`]: session('south', { clientId: 'south' }),

  'members/ana': { clientId: 'north', userId: 'user-ana', role: 'eligibility_specialist', status: 'active' },
  'members/ben': { clientId: 'north', userId: 'user-ben', role: 'biller', status: 'active' },
  'members/writer': { clientId: 'north', userId: 'user-writer', role: 'admin', status: 'active' },
  'members/moved': { clientId: 'south', userId: 'user-moved', role: 'biller', status: 'active' },
  'members/number': { clientId: 7, userId: 'user-number', role: 'biller', status: 'active' },

  'inboxes/ana/entries/alert-1': entry('ana'),
  'inboxes/ana/entries/alert-acknowledged': entry('ana', { acknowledgedAt: NOW }),
  'inboxes/ana/entries/alert-over': entry('ana', { isActive: false, state: 'resolved' }),
  'inboxes/ana/entries/alert-of-south': entry('ana', { clientId: 'south' }),
  'inboxes/ben/entries/alert-1': entry('ben'),
  'inboxes/writer/entries/alert-1': entry('writer'),
  'inboxes/number/entries/alert-1': entry('number', { clientId: 7 }),
  ...Object.fromEntries(STRANDED.map((uid) => [`inboxes/${uid}/entries/alert-1`, entry(uid)])),

  'alerts/alert-1': { clientId: 'north', isActive: true, audience: { clientWide: true } },
  'devices/device-1': { clientId: 'north', uid: 'ana' },
  'rosters/north': { clientId: 'north', members: [] },
  'audit_outbox/1': { clientId: 'north' },
  'idempotency_keys/1': { clientId: 'north' },
  'inboxes/ana': { clientId: 'north' },
  'threads/1': { clientId: 'north' },
  'unknown/1': { clientId: 'north' },
};

/** An environment of its own project holding DOCUMENTS under `rules`, and `firestoreOf(person)` to act as somebody. */
export async function makeWorld(rules) {
  setLogLevel('silent');
  const [host, port] = process.env.FIRESTORE_EMULATOR_HOST.split(':');
  const projectId = `demo-rules-${randomUUID().slice(0, 8)}`;
  const environment = await initializeTestEnvironment({ projectId, firestore: { host, port: Number(port), rules } });
  await environment.withSecurityRulesDisabled(async (admin) => {
    const firestore = admin.firestore();
    const batch = writeBatch(firestore);
    for (const [path, fields] of Object.entries(DOCUMENTS)) batch.set(doc(firestore, path), fields);
    await batch.commit();
  });
  const opened = new Map();
  const firestoreOf = (caller) => {
    const key = JSON.stringify(caller, (_, value) => (value === undefined ? 'absent' : value));
    if (!opened.has(key)) {
      const by = caller
        ? environment.authenticatedContext(caller.uid, caller.claims)
        : environment.unauthenticatedContext();
      opened.set(key, by.firestore());
    }
    return opened.get(key);
  };
  return { projectId, firestoreOf, close: () => environment.cleanup() };
}
