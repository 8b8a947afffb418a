// `npm run test:rules`: runs every *.test.mjs beside this file against FIRESTORE_EMULATOR_HOST, or against an
// emulator of its own when that is not set. Exits with node's test result; 2 when a part is not installed.

import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { MissingPartError, startEmulator } from './emulator.mjs';

const HERE = dirname(fileURLToPath(import.meta.url));
const ROOT = join(HERE, '..', '..');

let stopped = () => process.exit(1);
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => stopped(signal));

function runTests(host) {
  const files = readdirSync(HERE)
    .filter((name) => name.endsWith('.test.mjs'))
    .map((name) => join(HERE, name));
  const tests = spawn(process.execPath, ['--test', '--test-reporter=spec', ...files], {
    cwd: ROOT,
    env: { ...process.env, FIRESTORE_EMULATOR_HOST: host },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  stopped = (signal) => tests.kill(signal); // its end ends this run
  return new Promise((resolve) => tests.once('exit', (code) => resolve(code ?? 1)));
}

async function main() {
  const given = process.env.FIRESTORE_EMULATOR_HOST;
  if (given) return runTests(given);
  const emulator = await startEmulator(join(ROOT, 'firestore.rules'));
  try {
    return await runTests(emulator.host);
  } finally {
    await emulator.stop();
  }
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof MissingPartError)) throw error;
  console.error(error.message);
  process.exitCode = 2;
}
