// Every question put to the rules and its answer: one cell is one caller doing one thing.
// A cell: {name, caller (null: not signed in), allowed, act(firestore)}.

import {
  addDoc,
  collection,
  collectionGroup,
  deleteDoc,
  doc,
  getCountFromServer,
  getDoc,
  getDocs,
  orderBy,
  query,
  setDoc,
  updateDoc,
  where,
} from 'firebase/firestore';

import { MODES, MODES_READ, person } from './world.mjs';

const ANA = person('ana');
const LEAD = person('admin', { role: 'admin' });

const get = (path) => (firestore) => getDoc(doc(firestore, path));
const list =
  (name, ...conditions) =>
  (firestore) =>
    getDocs(query(collection(firestore, name), ...conditions));
const group =
  (name, ...conditions) =>
  (firestore) =>
    getDocs(query(collectionGroup(firestore, name), ...conditions));
const count =
  (name, ...conditions) =>
  (firestore) =>
    getCountFromServer(query(collection(firestore, name), ...conditions));

const may = (name, caller, act) => ({ name, caller, act, allowed: true });
const mayNot = (name, caller, act) => ({ name, caller, act, allowed: false });

/** The query for the open context's tasks, with other conditions; one that is `undefined` is left out. */
function tasksOf(changes = {}) {
  const wanted = { clientId: 'north', contextId: 'ctx-eligibility', mode: 'eligibility', deletedAt: null, ...changes };
  const stated = Object.entries(wanted).filter(([, value]) => value !== undefined);
  return [...stated.map(([field, value]) => where(field, '==', value)), orderBy('sortAt')];
}

/** The query for the own feedback in the open context; a condition that is `undefined` is left out. */
function feedbackOf(changes = {}) {
  const wanted = { clientId: 'north', userId: 'user-ana', contextId: 'ctx-eligibility', ...changes };
  return Object.entries(wanted)
    .filter(([, value]) => value !== undefined)
    .map(([field, value]) => where(field, '==', value));
}

/** The query for a thread's messages in the open context, with other conditions. */
function messagesOf(changes = {}) {
  const wanted = {
    clientId: 'north',
    contextId: 'ctx-eligibility',
    mode: 'eligibility',
    threadId: 'own_user-ana',
    ...changes,
  };
  const stated = Object.entries(wanted).filter(([, value]) => value !== undefined);
  return [...stated.map(([field, value]) => where(field, '==', value)), orderBy('sortAt', 'desc')];
}

const byRoleAndMode = Object.entries(MODES_READ).flatMap(([role, readable]) =>
  MODES.flatMap((mode) =>
    ['contexts/ctx', 'tasks/task', 'messages/msg'].map((start) => ({
      name: `get ${start}-${mode} as ${role}`,
      caller: person(role, { role }),
      act: get(`${start}-${mode}`),
      allowed: readable.includes(mode),
    })),
  ),
);

// Callers whose sign-in fits nothing that is stored, tried on each kind of document that somebody in their place reads.
const badSignIns = [
  ['nobody signed in', null],
  ['another sign-in of the same person', person('ana', { auth_time: 2000 })],
  ['a session that has ended', person('ended')],
  ['a session without endedAt', person('endless')],
  ['an idle session', person('idle')],
  ['a session without idleUntil', person('busy')],
  ['an expired session', person('expired')],
  ['a session without expireAt', person('lasting')],
  ['a session of another organisation', person('moved')],
  ['a session that names another person', person('mallory')],
  ['no session', person('newcomer')],
  ['no clientId claim', person('ana', { clientId: undefined })],
  ['a clientId that is a number', person('number', { clientId: 7 })],
  ['a clientId that is null', person('ana', { clientId: null })],
  ['a clientId that is a list', person('ana', { clientId: ['north'] })],
  ['no role claim', person('ana', { role: undefined })],
  ['a role that is a number', person('ana', { role: 5 })],
  ['a role that is a list', person('ana', { role: ['admin'] })],
  ['no userId claim', person('ana', { userId: undefined })],
  ['a userId that is a number', person('ana', { userId: 5 })],
  ['an auth_time that is text', person('ana', { auth_time: 'noon' })],
  ['an auth_time that is a fraction', person('ana', { auth_time: 1000.5 })],
  ['a clientId of another organisation', person('ana', { clientId: 'south' })],
];

const byBadSignIn = badSignIns.flatMap(([what, caller]) => {
  const kind = caller?.claims.clientId === 7 ? 'of-number' : 'eligibility';
  return [
    mayNot(`get a context with ${what}`, caller, get(`contexts/ctx-${kind}`)),
    mayNot(`get a task with ${what}`, caller, get(`tasks/task-${kind}`)),
    mayNot(`get a message with ${what}`, caller, get(`messages/msg-${kind}`)),
    mayNot(
      `get the session with ${what}`,
      caller,
      get(`sessions/${caller?.uid ?? 'ana'}_${caller?.claims.auth_time ?? 1000}`),
    ),
    mayNot(`list tasks with ${what}`, caller, list('tasks', ...tasksOf())),
    mayNot(`get feedback with ${what}`, caller, get('feedback/of-ana')),
    mayNot(`list feedback with ${what}`, caller, list('feedback', ...feedbackOf())),
    mayNot(`list messages with ${what}`, caller, list('messages', ...messagesOf({ threadId: 'front' }))),
  ];
});

const contexts = [
  may('get a context that this sign-in opened', ANA, get('contexts/ctx-eligibility')),
  mayNot('get a context that this sign-in did not open', ANA, get('contexts/ctx-not-opened')),
  mayNot('get an opened context of another organisation', ANA, get('contexts/ctx-of-south')),
  mayNot('get a context without a mode', LEAD, get('contexts/ctx-without-mode')),
  mayNot('get a context that does not exist', ANA, get('contexts/ctx-absent')),
  mayNot('list contexts', LEAD, list('contexts')),
  mayNot(
    'list own contexts',
    LEAD,
    list('contexts', where('clientId', '==', 'north'), where('mode', '==', 'eligibility')),
  ),
  mayNot('get what lies below a context', LEAD, get('contexts/ctx-eligibility/notes/1')),
];

const tasks = [
  may('get a completed task', ANA, get('tasks/task-completed')),
  mayNot('get a deleted task', ANA, get('tasks/task-deleted')),
  mayNot('get a task without deletedAt', ANA, get('tasks/task-without-deleted-at')),
  mayNot('get a task of a context that this sign-in did not open', ANA, get('tasks/task-not-opened')),
  mayNot('get a task of another organisation', ANA, get('tasks/task-of-south')),
  mayNot('get a task that does not exist', ANA, get('tasks/task-absent')),
  may('list the tasks of an opened context', ANA, list('tasks', ...tasksOf())),
  may('list its open tasks', ANA, list('tasks', ...tasksOf({ completed: false }))),
  may('list the tasks assigned to somebody', ANA, list('tasks', ...tasksOf({ assignedTo: 'user-ana' }))),
  may('list the tasks of an empty context', ANA, list('tasks', ...tasksOf({ contextId: 'ctx-absent' }))),
  may('count its open tasks', ANA, count('tasks', ...tasksOf({ completed: false }))),
  mayNot('list tasks of every organisation', ANA, list('tasks', ...tasksOf({ clientId: undefined }))),
  mayNot('list tasks of every context', ANA, list('tasks', ...tasksOf({ contextId: undefined }))),
  mayNot('list tasks of every mode', ANA, list('tasks', ...tasksOf({ mode: undefined }))),
  mayNot(
    'list tasks of every mode as a role that works in all of them',
    LEAD,
    list('tasks', ...tasksOf({ mode: undefined })),
  ),
  mayNot('list tasks with the deleted ones', ANA, list('tasks', ...tasksOf({ deletedAt: undefined }))),
  mayNot('list tasks of another organisation', ANA, list('tasks', ...tasksOf({ clientId: 'south' }))),
  mayNot(
    'list tasks of a context that was not opened',
    ANA,
    list('tasks', ...tasksOf({ contextId: 'ctx-not-opened' })),
  ),
  mayNot('list tasks of a mode that the role does not work in', ANA, list('tasks', ...tasksOf({ mode: 'backend' }))),
  mayNot('list deleted tasks', ANA, list('tasks', ...tasksOf({ deletedAt: new Date(0) }))),
  mayNot('count every task', ANA, count('tasks')),
  mayNot('list all tasks', LEAD, list('tasks')),
  mayNot('query the collection group of tasks', LEAD, group('tasks', ...tasksOf())),
];

const feedback = [
  may('get the own feedback', ANA, get('feedback/of-ana')),
  mayNot("get another person's feedback", ANA, get('feedback/of-ben')),
  mayNot("get another person's feedback as a lead", LEAD, get('feedback/of-ana')),
  mayNot('get feedback that names nobody', ANA, get('feedback/of-nobody')),
  mayNot('get the own feedback in a context that this sign-in did not open', ANA, get('feedback/not-opened')),
  mayNot('get the own feedback in another organisation', ANA, get('feedback/of-south')),
  mayNot('get feedback that does not exist', ANA, get('feedback/absent')),
  may('list the own feedback in an opened context', ANA, list('feedback', ...feedbackOf())),
  may('list the own feedback on a message', ANA, list('feedback', ...feedbackOf({ messageId: 'msg-1' }))),
  mayNot("list everybody's feedback", ANA, list('feedback', ...feedbackOf({ userId: undefined }))),
  mayNot("list another person's feedback", ANA, list('feedback', ...feedbackOf({ userId: 'user-ben' }))),
  mayNot('list the own feedback of every context', ANA, list('feedback', ...feedbackOf({ contextId: undefined }))),
  mayNot(
    'list the own feedback in a context that was not opened',
    ANA,
    list('feedback', ...feedbackOf({ contextId: 'ctx-not-opened' })),
  ),
  mayNot('list feedback of every organisation', ANA, list('feedback', ...feedbackOf({ clientId: undefined }))),
  mayNot('query the collection group of feedback', ANA, group('feedback', ...feedbackOf())),
];

const messages = [
  may('get a message of a shared thread', ANA, get('messages/msg-eligibility')),
  may('get a message of the own thread', ANA, get('messages/msg-of-ana')),
  mayNot("get a message of another person's own thread", ANA, get('messages/msg-of-ben')),
  mayNot("get a message of another person's own thread as a lead", LEAD, get('messages/msg-of-ben')),
  mayNot('get a message without a thread', ANA, get('messages/msg-without-thread')),
  mayNot('get a message of a context that this sign-in did not open', ANA, get('messages/msg-not-opened')),
  mayNot('get a message of another organisation', ANA, get('messages/msg-of-south')),
  mayNot('get a message that does not exist', ANA, get('messages/msg-absent')),
  may('list the own thread of an opened context', ANA, list('messages', ...messagesOf())),
  may('list a shared thread', ANA, list('messages', ...messagesOf({ threadId: 'front' }))),
  mayNot("list another person's own thread", ANA, list('messages', ...messagesOf({ threadId: 'own_user-ben' }))),
  mayNot('list every thread of a context', ANA, list('messages', ...messagesOf({ threadId: undefined }))),
  mayNot('list the messages of every context', ANA, list('messages', ...messagesOf({ contextId: undefined }))),
  mayNot('list the messages of every mode', ANA, list('messages', ...messagesOf({ mode: undefined }))),
  mayNot(
    'list messages of a mode that the role does not work in',
    ANA,
    list('messages', ...messagesOf({ mode: 'backend', contextId: 'ctx-backend' })),
  ),
  mayNot('list messages of every organisation', ANA, list('messages', ...messagesOf({ clientId: undefined }))),
  mayNot('list messages of another organisation', ANA, list('messages', ...messagesOf({ clientId: 'south' }))),
  mayNot(
    'list messages of a context that was not opened',
    ANA,
    list('messages', ...messagesOf({ contextId: 'ctx-not-opened' })),
  ),
  mayNot('query the collection group of messages', LEAD, group('messages', ...messagesOf({ threadId: 'front' }))),
];

const own = [
  may('get the own session', ANA, get('sessions/ana_1000')),
  mayNot("get another person's session", ANA, get('sessions/ben_1000')),
  mayNot('get the session of another own sign-in', ANA, get('sessions/ana_900')),
  mayNot('list sessions', LEAD, list('sessions', where('uid', '==', 'admin'))),
  may('get the own membership', ANA, get('members/ana')),
  may('get the own membership before any session', person('ben', { auth_time: 5 }), get('members/ben')),
  mayNot("get another person's membership", ANA, get('members/ben')),
  mayNot('get the own membership in another organisation', person('moved'), get('members/moved')),
  mayNot('get a membership when nobody is signed in', null, get('members/ana')),
  mayNot('get a membership with a clientId that is a number', person('number', { clientId: 7 }), get('members/number')),
  mayNot('list members', LEAD, list('members', where('clientId', '==', 'north'))),
];

/** The query for an own inbox, with other conditions; one that is `undefined` is left out. */
function inboxOf(changes = {}) {
  const wanted = { clientId: 'north', isActive: true, ...changes };
  const stated = Object.entries(wanted).filter(([, value]) => value !== undefined);
  return [...stated.map(([field, value]) => where(field, '==', value)), orderBy('updatedAt', 'desc')];
}

const inboxes = [
  may('get an alert from the own inbox', ANA, get('inboxes/ana/entries/alert-1')),
  may('get an alert of the own inbox that is over', ANA, get('inboxes/ana/entries/alert-over')),
  may('list the own active alerts', ANA, list('inboxes/ana/entries', ...inboxOf())),
  may('list all own alerts', ANA, list('inboxes/ana/entries', ...inboxOf({ isActive: undefined }))),
  may('list an own inbox that is empty', LEAD, list('inboxes/admin/entries', ...inboxOf())),
  may('count the own active alerts', ANA, count('inboxes/ana/entries', ...inboxOf())),
  mayNot("get an alert from another person's inbox", ANA, get('inboxes/ben/entries/alert-1')),
  mayNot("list another person's alerts", LEAD, list('inboxes/ana/entries', ...inboxOf())),
  mayNot('get an own alert of another organisation', ANA, get('inboxes/ana/entries/alert-of-south')),
  mayNot('list the own alerts of every organisation', ANA, list('inboxes/ana/entries', ...inboxOf({ clientId: undefined }))),
  mayNot('list the own alerts of another organisation', ANA, list('inboxes/ana/entries', ...inboxOf({ clientId: 'south' }))),
  mayNot('get an alert that the own inbox does not have', ANA, get('inboxes/ana/entries/alert-absent')),
  mayNot('query the collection group of inbox entries', LEAD, group('entries', ...inboxOf())),
  mayNot('get what else lies below an inbox', ANA, get('inboxes/ana/alerts/1')),
  ...badSignIns.map(([what, caller]) =>
    mayNot(`get an own alert with ${what}`, caller, get(`inboxes/${caller?.uid ?? 'ana'}/entries/alert-1`)),
  ),
  ...badSignIns.map(([what, caller]) =>
    mayNot(`list the own alerts with ${what}`, caller, list(`inboxes/${caller?.uid ?? 'ana'}/entries`, ...inboxOf())),
  ),
];

const shut = { audit_outbox: '1', idempotency_keys: '1', inboxes: 'ana', threads: '1', unknown: '1' };
// A draft may hold what its reader's role must not see: e-mails are read through the API, which knows.
Object.assign(shut, { alerts: 'alert-1', devices: 'device-1', rosters: 'north', drafts: 'draft-eligibility' });
const closed = Object.entries(shut).flatMap(([name, id]) => [
  mayNot(`get from ${name}`, LEAD, get(`${name}/${id}`)),
  mayNot(`list ${name}`, LEAD, list(name, where('clientId', '==', 'north'))),
  mayNot(`query the collection group ${name}`, LEAD, group(name, where('clientId', '==', 'north'))),
]);

// What the writer reads, so that nothing but the denial of writes stands in the way; no other cell touches it.
const WRITER = person('writer', { role: 'admin' });
const TARGETS = {
  contexts: 'contexts/ctx-to-write',
  tasks: 'tasks/task-to-write',
  feedback: 'feedback/to-write',
  messages: 'messages/msg-to-write',
  drafts: 'drafts/draft-to-write',
  threads: 'threads/1',
  sessions: 'sessions/writer_1000',
  members: 'members/writer',
  audit_outbox: 'audit_outbox/to-write',
  idempotency_keys: 'idempotency_keys/to-write',
  inboxes: 'inboxes/writer',
  'inboxes/writer/entries': 'inboxes/writer/entries/alert-1',
  alerts: 'alerts/alert-1',
  devices: 'devices/device-1',
  unknown: 'unknown/to-write',
};

const writes = Object.entries(TARGETS).flatMap(([name, path]) => [
  mayNot(`create in ${name}`, WRITER, (firestore) => addDoc(collection(firestore, name), { clientId: 'north' })),
  mayNot(`replace in ${name}`, WRITER, (firestore) => setDoc(doc(firestore, path), { clientId: 'north' })),
  mayNot(`update in ${name}`, WRITER, (firestore) => updateDoc(doc(firestore, path), { clientId: 'north' })),
  mayNot(`delete from ${name}`, WRITER, (firestore) => deleteDoc(doc(firestore, path))),
]);

export const READS = [
  ...contexts, ...tasks, ...messages, ...feedback, ...own, ...inboxes, ...closed, ...byBadSignIn, ...byRoleAndMode,
];
export const WRITES = writes;
