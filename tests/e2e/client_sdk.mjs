// What a front-end does with the Firebase client SDK: sign in, open a context through the API, listen to it, to its
// tasks and to the own chat thread under the security rules. Prints one JSON object: what happened, step by step. The stack comes in STACK (JSON:
// project, gateway, auth, firestore, email, password, otherContext). Exits 1 with the error's name when a step fails.

import { initializeApp, deleteApp } from 'firebase/app';
import { connectAuthEmulator, getAuth, signInWithEmailAndPassword } from 'firebase/auth';
import {
  addDoc,
  collection,
  connectFirestoreEmulator,
  deleteDoc,
  doc,
  getDoc,
  getDocs,
  getFirestore,
  orderBy,
  query,
  setLogLevel,
  terminate,
  updateDoc,
  where,
} from 'firebase/firestore';
import { Listener, refusal } from './client_sdk_tools.mjs';

const stack = JSON.parse(process.env.STACK);
const seen = {};

const app = initializeApp({ projectId: stack.project, apiKey: 'local' });
const auth = getAuth(app);
connectAuthEmulator(auth, stack.auth, { disableWarnings: true });
const [host, port] = stack.firestore.split(':');
const store = getFirestore(app);
setLogLevel('silent'); // refusals are expected here
connectFirestoreEmulator(store, host, Number(port));

async function call(method, path, body) {
  const answer = await fetch(`${stack.gateway}/api/v1${path}`, {
    method,
    headers: { Authorization: `Bearer ${await auth.currentUser.getIdToken()}`, 'Content-Type': 'application/json' },
    body: body && JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status}`);
  return answer.json();
}

function tasksOf(context, clientId) {
  return query(
    collection(store, 'tasks'),
    where('clientId', '==', clientId),
    where('contextId', '==', context.contextId),
    where('mode', '==', context.mode),
    where('deletedAt', '==', null),
    orderBy('sortAt'),
  );
}

function messagesOf(context, clientId, threadId) {
  return query(
    collection(store, 'messages'),
    where('clientId', '==', clientId),
    where('contextId', '==', context.contextId),
    where('mode', '==', context.mode),
    where('threadId', '==', threadId),
    orderBy('sortAt', 'desc'),
  );
}

async function main() {
  const { user } = await signInWithEmailAndPassword(auth, stack.email, stack.password);
  const { claims } = await user.getIdTokenResult();
  const context = await call('POST', '/modes/eligibility/context', {
    recordType: 'Other',
    recordId: `SDK-${process.pid}-${Date.now()}`,
  });
  const contextAt = doc(store, 'contexts', context.contextId);
  const atContext = new Listener(contextAt, 'who listens to the context');
  const atTasks = new Listener(tasksOf(context, claims.clientId), 'who listens to the tasks');
  const atOwn = new Listener(messagesOf(context, claims.clientId, `own_${claims.userId}`), 'who listens to the own thread');
  const [first] = await Promise.all([atContext.started(), atTasks.started(), atOwn.started()]);
  seen.context = { mode: first.get('mode'), recordId: first.get('recordId'), openTaskCount: first.get('openTaskCount') };
  seen.sameRecord = first.get('recordId') === context.recordId;

  const made = await call('POST', '/components/tasks/', { contextId: context.contextId, label: 'Call the payer' });
  const listed = await atTasks.sees((tasks) => tasks.size === 1, 'the task');
  seen.task = { sameId: listed.docs[0].id === made.id, label: listed.docs[0].get('label') };
  const count = await atContext.sees((snapshot) => snapshot.get('openTaskCount') === 1, 'openTaskCount 1');
  seen.openTaskCount = count.get('openTaskCount');

  await call('POST', `/components/tasks/${made.id}/complete`, {});
  await atTasks.sees((tasks) => tasks.docs[0]?.get('completed') === true, 'the completed task');
  await atContext.sees((snapshot) => snapshot.get('openTaskCount') === 0, 'openTaskCount 0');
  seen.completed = true;

  const whole = (messages) => messages.size === 2 && messages.docs[0].get('state') === 'complete';
  const { reply } = await call('POST', '/components/chat/messages', { contextId: context.contextId, content: 'Hello' });
  const [newest] = (await atOwn.sees(whole, 'the reply')).docs;
  seen.reply = { sameId: newest.id === reply.id, sameContent: newest.get('content') === reply.content };
  [atContext, atTasks, atOwn].forEach((listener) => listener.stop());

  const taskAt = doc(store, 'tasks', made.id);
  seen.refused = {
    otherContext: await refusal(() => getDoc(doc(store, 'contexts', stack.otherContext))),
    otherTasks: await refusal(() => getDocs(tasksOf({ contextId: stack.otherContext, mode: 'eligibility' }, claims.clientId))),
    allTasks: await refusal(() => getDocs(collection(store, 'tasks'))),
    othersThread: await refusal(() => getDocs(messagesOf(context, claims.clientId, 'own_somebody-else'))),
    everyThread: await refusal(() => getDocs(collection(store, 'messages'))),
    allContexts: await refusal(() => getDocs(collection(store, 'contexts'))),
    outbox: await refusal(() => getDocs(collection(store, 'audit_outbox'))),
    update: await refusal(() => updateDoc(taskAt, { label: 'Changed past the API' })),
    remove: await refusal(() => deleteDoc(taskAt)),
    create: await refusal(() => addDoc(collection(store, 'tasks'), { clientId: claims.clientId, label: 'Mine' })),
    updateContext: await refusal(() => updateDoc(contextAt, { status: 'error' })),
    unknownCollection: await refusal(() => getDoc(doc(store, 'anything', 'at-all'))),
  };
}

let failure;
try {
  await main();
} catch (error) {
  failure = error;
}
await terminate(store);
await deleteApp(app);
console.log(JSON.stringify(seen));
if (failure) {
  console.error(`${failure.name}: ${failure.message}`);
  process.exitCode = 1;
}
