import { createHash, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { routeId } from '../../src/translate/route-id.ts';
import { ask } from '../support/request.ts';
import { stackHosts } from '../support/stack.ts';
import type { Stack } from '../support/stack.ts';
import { account, atCallback, atComplete, goUntil, sessionOn } from '../support/steps.ts';
import type { Visitor } from '../support/visitor.ts';

/** What the program and the stand-in really made, to be mangled and put where it doesn't belong. */
export interface Genuine {
  readonly session: readonly [name: string, value: string];
  /** Of every app: who has one of these is somebody. */
  readonly sessions: readonly string[];
  /** Of every kind and host. */
  readonly cookies: readonly (readonly [name: string, value: string])[];
  readonly requests: readonly string[];
  readonly grants: readonly string[];
  readonly states: readonly string[];
  readonly tokens: readonly string[];
  readonly routes: { readonly shop: string; readonly wiki: string; readonly api: string };
}

export const apiHost = 'api.acme.localhost';

/** A third app, which machines may use, and people with their tokens. */
export const fuzzStack = { objects: apiObjects(), poolSpec: '  machineClients: [7abcexample]' };

function apiObjects(): string {
  return `
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { name: api, namespace: api, annotations: { cognito-gate.dev/policy: api } }
spec:
  ingressClassName: nginx
  rules:
    - host: ${apiHost}
      http: { paths: [{ path: /, pathType: Prefix, backend: { service: { name: api, port: { number: 80 } } } }] }
---
apiVersion: cognito-gate.dev/v1alpha1
kind: AccessPolicy
metadata: { name: api, namespace: api }
spec:
  bearer: Accept
  rules:
    - name: health
      match: { paths: [{ type: Exact, value: /healthz }], methods: [GET, HEAD] }
      access: Public
    - name: everything
      allow: [{ groups: [admins] }, { machine: { clients: [7abcexample], scopes: [shop/write] } }]
`;
}

/** Several people on several ways, each left at another place. */
export async function collectGenuine(stack: Stack): Promise<Genuine> {
  const { shop, wiki, signIn } = stack.urls;
  const ada = stack.visitor();
  await ada.signIn(`${shop}/`, account('ada'));
  await ada.go(`${wiki}/`);
  const bob = stack.visitor();
  const complete = await goUntil(bob, `${shop}/`, 'bob', atComplete);
  const eve = stack.visitor();
  const callback = await goUntil(eve, `${wiki}/`, 'eve', atCallback);
  const visitors = [ada, bob, eve];
  // A sign-out that stops at the sign-in host: a request of that kind, not used.
  const signOut = await ada.ask(`${signIn}/oauth2/sign-out`);
  const trail = [...visitors.flatMap(({ trail: hrefs }) => hrefs), complete.href, callback.href, signOut.url.href];
  const found = (name: string): readonly string[] => [
    ...new Set(trail.map((href) => new URL(href).searchParams.get(name)).filter((value) => value !== null)),
  ];
  const grants = trail
    .map((href) => new URL(href))
    .filter(atComplete)
    .map((url) => `${url.pathname.split('/complete/')[1] ?? ''}${url.searchParams.get('g') ?? ''}`);
  const ours = (href: string): boolean => !href.startsWith(stack.urls.cognito);
  const states = [...new Set(trail.filter(ours).map((href) => new URL(href).searchParams.get('state')))].filter(
    (value) => value !== null,
  );
  const cookies = visitors.flatMap(({ jar }) =>
    [...jar].filter(([host]) => host !== stackHosts.cognito).flatMap(([, list]) => [...list]),
  );
  return {
    session: sessionOn(ada, stackHosts.shop),
    sessions: cookies.filter(([name]) => name.startsWith('__Host-cg-')).map(([, value]) => value),
    cookies,
    requests: found('request').filter((value) => value.length > 20),
    grants,
    states,
    tokens: await tokensOf(stack),
    routes: { ...stack.routes, api: routeId('api', 'api') },
  };
}

/** A person's own tokens, by a sign-in at the stand-in that the program knows nothing of. */
async function tokensOf(stack: Stack): Promise<readonly string[]> {
  const pool = await readFile(join(stack.policies, 'pool.yaml'), 'utf8');
  const clientId = /clientId: (\S+)/.exec(pool)?.[1] ?? '';
  const secret = await readFile(join(stack.folder, 'secrets/identity/client/clientSecret'), 'utf8');
  const verifier = randomBytes(32).toString('base64url');
  const redirect = `${stack.urls.signIn}/oauth2/callback`;
  const address = new URL(`${stack.urls.cognito}/oauth2/authorize`);
  address.search = new URLSearchParams({
    response_type: 'code',
    client_id: clientId,
    redirect_uri: redirect,
    scope: 'openid profile email',
    state: 'none',
    nonce: 'none',
    code_challenge_method: 'S256',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
  }).toString();
  const visitor: Visitor = stack.visitor();
  const code = (await goUntil(visitor, address, 'ada', atCallback)).searchParams.get('code') ?? '';
  const form = { grant_type: 'authorization_code', code, redirect_uri: redirect, code_verifier: verifier };
  const body = new URLSearchParams({ ...form, client_id: clientId, client_secret: secret }).toString();
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const answer = await ask(`${stack.urls.cognito}/oauth2/token`, { method: 'POST', headers, body, ca: stack.ca });
  const { access_token: access, id_token: id } = JSON.parse(answer.body) as Record<string, string>;
  if (access === undefined || id === undefined)
    throw new Error(`no tokens: ${answer.status} ${answer.body.slice(0, 200)}`);
  return [access, id];
}
