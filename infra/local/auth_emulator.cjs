// The Auth emulator of firebase-tools, without the command line around it.
//
//   node infra/local/auth_emulator.cjs HOST PORT PROJECT
//
// `firebase emulators:start --only auth` compiles the JSON schemas of every operation Identity Platform has (about
// 14 s of processor time), most of them for multi-tenancy and for the administration of identity providers. The same
// emulator with the operations that the product and the Firebase SDKs call starts in 2 s, opens no hub
// and logging ports, and asks nothing of the network. What is left out answers 404; `npx firebase emulators:start
// --only auth` (ports in firebase.json) runs the whole of it.
"use strict";

const apiSpec = require("firebase-tools/lib/emulator/auth/apiSpec").default;
const { AuthEmulator, SingleProjectMode } = require("firebase-tools/lib/emulator/auth");

const LEFT_OUT = /tenant|recaptcha|passkey|mfa|SamlConfig|IdpConfig|GameCenter|IosClient|identityPlatform|defaultSupportedIdps/i;

for (const path of Object.keys(apiSpec.paths)) {
  if (LEFT_OUT.test(path)) {
    delete apiSpec.paths[path];
  } else {
    // `alt`, `callback`, `prettyPrint` and the like: every Google API has them, the emulator never looks at them.
    delete apiSpec.paths[path].parameters;
  }
}

const [host, port, projectId] = process.argv.slice(2);
const emulator = new AuthEmulator({
  host,
  port: Number(port),
  projectId,
  singleProjectMode: SingleProjectMode.ERROR,
});

for (const signal of ["SIGTERM", "SIGINT"]) {
  process.on(signal, () => emulator.stop().then(() => process.exit(0)));
}
emulator.start().catch((error) => {
  console.error(String(error));
  process.exit(1);
});
