/** An app that only machines use, on a real API server: wired without a sign-in, so that both proxies hand on the challenge. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { readers, startFront } from '../../support/front.ts';
import type { Front, Reader } from '../../support/front.ts';
import { gateHosts, startGateCluster } from '../../support/gate-cluster.ts';
import type { GateCluster } from '../../support/gate-cluster.ts';
import { freePort } from '../../support/ports.ts';
import { ask } from '../../support/request.ts';
import { until } from '../../support/until.ts';
import { navigation } from '../../support/visitor.ts';

const client = '7job23456789';
const machines = `[{ name: api, allow: [{ machine: { clients: [${client}], scopes: [shop/write] } }] }]`;
const policy = (rules: string): string => `
apiVersion: cognito-gate.dev/v1alpha1
kind: AccessPolicy
metadata: { name: shop, namespace: shop }
spec: { rules: ${rules} }
`;

let gate: GateCluster;
const fronts: Front[] = [];
const ports: Record<Reader, number> = { Traefik: 0, NGINX: 0 };

before(async () => {
  gate = await startGateCluster({ pool: { machineClients: [client] } });
  ports.NGINX = gate.port;
  ports.Traefik = await freePort();
  for (const reader of readers) fronts.push(await startFront(reader, gate, ports[reader]));
  await gate.apply('{ apiVersion: v1, kind: Namespace, metadata: { name: shop } }');
  await gate.apply(policy(machines));
  await gate.app('shop', { host: gateHosts.shop, annotations: { 'cognito-gate.dev/policy': 'shop' } });
});
after(async () => {
  for (const front of fronts) await front.stop();
  await gate?.stop();
});

function token(scope: string, iat = 0): Promise<string> {
  const now = Math.floor(Date.now() / 1000) + iat;
  const claims = { iss: gate.cognito.issuer, sub: client, client_id: client, token_use: 'access', scope };
  return gate.cognito.sign({ ...claims, iat: now, exp: now + 600 });
}

/** Status, challenge and where it leads. */
async function asked(reader: Reader, headers: Readonly<Record<string, string>> = {}): Promise<string> {
  const url = `https://${gateHosts.shop}:${ports[reader]}/orders`;
  const answer = await ask(url, { ca: gate.ca, headers: { ...navigation, ...headers } }).catch(() => undefined);
  const challenge = answer?.headers['www-authenticate'] ?? '';
  const to = answer?.headers.location === undefined ? '' : 'to sign in';
  return [answer?.status, challenge, to].filter((part) => part !== '').join(' ');
}

/** While a proxy takes over what is new, its old and its new workers answer in turn. */
async function becomes(reader: Reader, wanted: string, headers: Readonly<Record<string, string>> = {}): Promise<void> {
  let last = '';
  const holds = async (): Promise<boolean> => (last = await asked(reader, headers)) === wanted;
  await until(holds, `${wanted} through ${reader}`, 20_000).catch((error: unknown) => {
    throw new Error(`${last} instead`, { cause: error });
  });
}

async function annotations(): Promise<Readonly<Record<string, string>>> {
  const text = await gate.cluster.kubectl(
    'get',
    'ingress',
    'shop',
    '-n',
    'shop',
    '-o',
    'jsonpath={.metadata.annotations}',
  );
  return JSON.parse(text) as Readonly<Record<string, string>>;
}

const signIn = 'nginx.ingress.kubernetes.io/auth-signin';
const companions = async (): Promise<string> =>
  await gate.cluster.kubectl('get', 'ingress', '-A', '-l', 'cognito-gate.dev/companion=true', '-o', 'name');

test('B4, B10 wired without a sign-in and a companion: the challenge arrives through both proxies, and a machine passes', async () => {
  for (const reader of readers) {
    await becomes(reader, '401 Bearer');
    await becomes(reader, '200', { authorization: `Bearer ${await token('shop/write')}` });
    const narrow = { authorization: `Bearer ${await token('shop/read')}` };
    await until(async () => (await asked(reader, narrow)).startsWith('403'), 'another scope is not enough', 20_000);
    const old = { authorization: `Bearer ${await token('shop/write', -3600)}` };
    await becomes(reader, '401 Bearer error="invalid_token"', old);
  }
  assert.equal((await annotations())[signIn], undefined);
  await until(async () => (await companions()) === '', 'no companion', 20_000);
});

test('the policy lets people in: the sign-in and the companion come; and go once it is for machines alone again', async () => {
  await gate.apply(policy(`[{ name: all, access: SignedIn }]`));
  for (const reader of readers) await becomes(reader, '302 to sign in');
  assert.match((await annotations())[signIn] ?? '', /start/);
  await until(async () => (await companions()) !== '', 'the companion', 20_000);
  await gate.apply(policy(machines));
  for (const reader of readers) await becomes(reader, '401 Bearer');
  assert.equal((await annotations())[signIn], undefined);
  await until(async () => (await companions()) === '', 'no companion', 20_000);
});
