// An OpenID Connect provider to try sign-ins with: the certified `oidc-provider`, with a login page of its own.
//
//   PROVIDER='{"issuer", "clientId", "clientSecret", "callback", "people": […], "password"}' \
//     node infra/local/openid_provider.mjs HOST PORT
//
// Everybody signs in with the one password. An address that is not in `people` is taken too, so that people invited
// later can be tried; whether the provider has verified an address is a tick on the page. It forgets everything when it
// ends. PKCE is required.

import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';

import Provider, { interactionPolicy } from 'oidc-provider';

const [host, port] = process.argv.slice(2);
const { issuer, clientId, clientSecret, callback, people, password } = JSON.parse(process.env.PROVIDER);
const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const accounts = new Map(); // by the id that tokens carry as `sub`

const policy = interactionPolicy.base();
policy.get('login').checks.add(
  // Who it is is asked each time: whoever tries things out wants to be somebody else next.
  new interactionPolicy.Check('choose', 'choose who signs in', ({ oidc }) => !oidc.result?.login),
);

const provider = new Provider(issuer, {
  clients: [{ client_id: clientId, client_secret: clientSecret, redirect_uris: [callback] }],
  jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), kid: randomBytes(6).toString('hex'), use: 'sig' }] },
  cookies: { keys: [randomBytes(16).toString('hex')] },
  claims: { openid: ['sub'], email: ['email', 'email_verified'] },
  conformIdTokenClaims: false, // as the large providers do: the e-mail address stands in the ID token
  pkce: { required: () => true },
  features: { devInteractions: { enabled: false } },
  interactions: { policy, url: (_, interaction) => `/login/${interaction.uid}` },
  findAccount: (_, id) => accounts.has(id) && { accountId: id, claims: () => ({ sub: id, ...accounts.get(id) }) },
  loadExistingGrant: async ({ oidc }) => {
    const grant = new oidc.provider.Grant({ clientId: oidc.client.clientId, accountId: oidc.session.accountId });
    grant.addOIDCScope('openid email');
    await grant.save();
    return grant;
  },
});

const page = (said) => `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Local sign-in provider</title>
<style>body { font: 16px sans-serif; max-width: 26em; margin: 4em auto } label, button { display: block; margin: 1em 0 }
input[type=email], input[type=password] { width: 100%; font: inherit }</style>
<h1>Local sign-in provider</h1>
<p>Stands for Google, Microsoft and the like. Everybody's password: <code>${password}</code></p>
<p role="alert">${said}</p>
<form method="post">
<label>E-mail <input type="email" name="email" list="people" required autofocus></label>
<datalist id="people">${people.map((email) => `<option value="${email}">`).join('')}</datalist>
<label>Password <input type="password" name="password" required></label>
<label><input type="checkbox" name="verified" checked> This provider has verified the address</label>
<button name="act" value="sign-in">Sign in</button>
<button name="act" value="cancel" formnovalidate>Cancel</button>
</form></html>`;

async function formOf(request) {
  let body = '';
  for await (const chunk of request) body += chunk;
  return Object.fromEntries(new URLSearchParams(body));
}

async function login(request, response) {
  await provider.interactionDetails(request, response); // throws for a page that belongs to no sign-in
  const form = request.method === 'POST' ? await formOf(request) : undefined;
  if (form?.act === 'cancel') {
    return provider.interactionFinished(request, response, { error: 'access_denied' });
  }
  if (form && form.password === password && form.email) {
    const email = form.email.toLowerCase();
    const id = createHash('sha256').update(email).digest('hex').slice(0, 24);
    accounts.set(id, { email, email_verified: form.verified === 'on' });
    return provider.interactionFinished(request, response, { login: { accountId: id } });
  }
  const headers = {
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Security-Policy': "default-src 'none'; style-src 'unsafe-inline'",
  };
  response.writeHead(form ? 401 : 200, headers).end(page(form ? 'That is not the password.' : ''));
}

const oidc = provider.callback();
const server = createServer((request, response) => {
  if (!request.url.startsWith('/login/')) {
    oidc(request, response);
    return;
  }
  login(request, response).catch((error) => response.writeHead(400).end(String(error.error ?? 'bad request')));
});
for (const signal of ['SIGTERM', 'SIGINT']) {
  process.on(signal, () => process.exit(0));
}
server.listen(Number(port), host);
