// What front-ends do with the Firebase client SDK: each of several people listens to their own inbox under the security
// rules while a manager alerts some of them through the API. Prints one JSON object: what happened, step by step. The
// stack comes in STACK (JSON: project, gateway, auth, firestore, people {name: {email, password}}, roles: whom the alert
// is for). Exits 1 with the error's name when a step fails.

import { initializeApp, deleteApp } from 'firebase/app';
import { connectAuthEmulator, getAuth, signInWithEmailAndPassword } from 'firebase/auth';
import {
  collection,
  collectionGroup,
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
setLogLevel('silent'); // refusals are expected here

/** Somebody signed in, with a record open (which makes their session), listening to their inbox. */
class Person {
  constructor(name) {
    this.name = name;
    this.app = initializeApp({ projectId: stack.project, apiKey: 'local' }, name);
    this.auth = getAuth(this.app);
    connectAuthEmulator(this.auth, stack.auth, { disableWarnings: true });
    this.store = getFirestore(this.app);
    const [host, port] = stack.firestore.split(':');
    connectFirestoreEmulator(this.store, host, Number(port));
  }

  async signIn() {
    const { email, password } = stack.people[this.name];
    const { user } = await signInWithEmailAndPassword(this.auth, email, password);
    this.uid = user.uid;
    this.clientId = (await user.getIdTokenResult()).claims.clientId;
    const recordId = `INBOX-${process.pid}-${this.name}`;
    await this.call('POST', '/modes/eligibility/context', { recordType: 'Other', recordId });
    return this;
  }

  inbox() {
    return query(
      collection(this.store, 'inboxes', this.uid, 'entries'),
      where('clientId', '==', this.clientId),
      where('isActive', '==', true),
      orderBy('updatedAt', 'desc'),
    );
  }

  listen() {
    this.listener = new Listener(this.inbox(), this.name);
    return this.listener.started();
  }

  /** The own alerts by id, as the listener knows them now. */
  get alerts() {
    return alertsOf(this.listener.snapshot);
  }

  sees(wanted, what) {
    return this.listener.sees((snapshot) => wanted(alertsOf(snapshot)), what);
  }

  async call(method, path, body) {
    const answer = await fetch(`${stack.gateway}/api/v1${path}`, {
      method,
      headers: {
        Authorization: `Bearer ${await this.auth.currentUser.getIdToken()}`,
        'Content-Type': 'application/json',
      },
      body: JSON.stringify(body ?? {}),
    });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  }

  async close() {
    this.listener?.stop();
    await terminate(this.store);
    await deleteApp(this.app);
  }
}

function alertsOf(snapshot) {
  return new Map(snapshot.docs.map((found) => [found.id, found.data()]));
}

const people = Object.keys(stack.people).map((name) => new Person(name));
const [manager, first, second, bystander, stranger] = people;

async function main() {
  await Promise.all(people.map((person) => person.signIn()));
  await Promise.all(people.map((person) => person.listen()));

  const begun = Date.now();
  const made = await manager.call('POST', '/components/alerts/', {
    severity: 'critical',
    message: 'The payer portal is down',
    audience: { roles: stack.roles },
  });
  await Promise.all([first, second].map((person) => person.sees((alerts) => alerts.has(made.id), 'the alert')));
  seen.milliseconds = Date.now() - begun;
  const { severity, message, count } = first.alerts.get(made.id);
  seen.alert = { severity, text: message.text, count };

  await first.call('PUT', `/components/alerts/${made.id}/acknowledge`, { outcome: 'handled' });
  await first.sees((alerts) => alerts.get(made.id)?.acknowledgedAt, 'the acknowledgement');
  seen.acknowledged = {
    own: first.alerts.get(made.id).outcome,
    other: second.alerts.get(made.id).acknowledgedAt,
  };
  seen.bystanders = [manager, bystander, stranger].filter((person) => person.alerts.has(made.id)).length;

  const gone = [first, second].map((person) => person.sees((alerts) => !alerts.has(made.id), 'its end'));
  await manager.call('POST', `/components/alerts/${made.id}/resolve`);
  await Promise.all(gone);
  seen.resolved = true;

  const own = doc(first.store, 'inboxes', first.uid, 'entries', made.id);
  const theirs = (person) => doc(person.store, 'inboxes', first.uid, 'entries', made.id);
  const listOf = (person, other) =>
    query(collection(person.store, 'inboxes', other.uid, 'entries'), where('clientId', '==', person.clientId));
  seen.ownEntryState = (await getDoc(own)).get('state');
  seen.refused = {
    othersEntry: await refusal(() => getDoc(theirs(second))),
    managersLook: await refusal(() => getDoc(theirs(manager))),
    strangersLook: await refusal(() => getDoc(theirs(stranger))),
    othersInbox: await refusal(() => getDocs(listOf(second, first))),
    allInboxes: await refusal(() => getDocs(collectionGroup(first.store, 'entries'))),
    withoutClient: await refusal(() => getDocs(collection(first.store, 'inboxes', first.uid, 'entries'))),
    update: await refusal(() => updateDoc(own, { acknowledgedAt: null })),
    remove: await refusal(() => deleteDoc(own)),
    alert: await refusal(() => getDoc(doc(first.store, 'alerts', made.id))),
    roster: await refusal(() => getDoc(doc(first.store, 'rosters', first.clientId))),
  };
}

let failure;
try {
  await main();
} catch (error) {
  failure = error;
}
await Promise.all(people.map((person) => person.close()));
console.log(JSON.stringify(seen));
if (failure) {
  console.error(`${failure.name}: ${failure.message}`);
  process.exitCode = 1;
}
