/** What `kubectl describe` says of what is wrong (8.5): each time the object, the field and the fix. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, suite, test } from 'node:test';
import { startCognito } from '../../support/cognito/cognito.ts';
import type { Cognito } from '../../support/cognito/types.ts';
import { gateHosts, startGateCluster } from '../../support/gate-cluster.ts';
import type { GateCluster } from '../../support/gate-cluster.ts';
import { freePort } from '../../support/ports.ts';
import { people } from '../../support/stack.ts';
import { until } from '../../support/until.ts';

let gate: GateCluster;
let other: Cognito;

/** A user pool whose app client has other URLs registered. */
async function startOther(): Promise<Cognito> {
  const { tls } = gate;
  return await startCognito({
    clients: [
      {
        clientId: 'unregistered',
        clientSecret: 'secret-of-that-client',
        redirectUris: ['https://old.example.com/oauth2/callback'],
        logoutUris: [],
      },
    ],
    users: people,
    port: await freePort(),
    host: gateHosts.cognito,
    issuerHost: '127.0.0.1',
    tls: { cert: await readFile(tls.cert, 'utf8'), key: await readFile(tls.key, 'utf8') },
  });
}

before(async () => {
  gate = await startGateCluster({ replicas: 1 });
  other = await startOther();
});
after(async () => {
  await gate?.stop();
  await other?.close();
});

const described = async (kind: string, namespace: string, name: string): Promise<string> =>
  (await gate.cluster.kubectl('describe', kind, name, '-n', namespace))
    .replaceAll(`:${gate.port}/`, ':443/')
    .replaceAll(`:${other.port}`, ':8443')
    // Some resolvers know every name below localhost.
    .replaceAll(/\((?:ECONNREFUSED|EAI_AGAIN)\)/g, '(ENOTFOUND)');

/** `Type Status Reason: Message` of the conditions that kubectl shows, those of the whole object only. */
function conditionsIn(text: string): readonly string[] {
  const whole = /\n {2}Conditions:\n([\s\S]*?)(?=\n {2}\S|\nEvents:)/.exec(text)?.[1] ?? '';
  return whole
    .split('Last Transition Time:')
    .slice(1)
    .map((part) => {
      const field = (name: string): string => new RegExp(`\\n *${name}: +(.*)`).exec(part)?.[1] ?? '?';
      return `${field('Type')} ${field('Status')} ${field('Reason')}: ${field('Message')}`;
    });
}

function eventsIn(text: string): readonly string[] {
  const lines = text.slice(text.indexOf('\nEvents:')).split('\n').slice(4);
  return lines
    .filter((line) => line !== '')
    .map((line) =>
      line
        .trim()
        .replaceAll(/ {2,}/g, ' ')
        .replace(/ [\w()]+ (?:\(x\d+ over \w+\) )?cognito-gate\.dev\/cognito-gate /, ': '),
    );
}

const passing = /^Warning (TargetNotFound|MarkAdvised):/;

async function says(
  kind: string,
  namespace: string,
  name: string,
  wanted: { conditions?: readonly string[]; events?: readonly string[] },
): Promise<void> {
  let text = '';
  const holds = async (): Promise<boolean> => {
    text = await described(kind, namespace, name);
    const conditions = conditionsIn(text);
    const events = eventsIn(text);
    return (
      (wanted.conditions ?? []).every((line) => conditions.includes(line)) &&
      (wanted.events ?? []).every((line) => events.includes(line))
    );
  };
  await until(holds, `${kind} ${name}`, 20_000).catch(() => undefined);
  const got = {
    ...(wanted.conditions && { conditions: conditionsIn(text) }),
    ...(wanted.events && {
      // Beside them stands what was so for a moment, before the Ingress came, and what is only advised.
      events: eventsIn(text).filter((line) => !passing.test(line) || wanted.events?.includes(line)),
    }),
  };
  assert.deepEqual(got, wanted);
}

function pool(name: string, spec: string): string {
  return `
apiVersion: cognito-gate.dev/v1alpha1
kind: CognitoPool
metadata: { name: ${name}, namespace: cognito-gate }
spec: { userPoolId: eu-west-1_AbCdEfGhI, ${spec}, allowedNamespaces: { from: All } }
`;
}

const endpoints = ({ issuer }: Cognito): string =>
  `issuer: '${issuer}', jwks: '${issuer}/.well-known/jwks.json', token: '${issuer.replace(/\/[^/]*$/, '')}/oauth2/token'`;

suite('a pool', { timeout: 60_000 }, () => {
  test('with a wrong domain', async () => {
    await gate.apply(
      pool('wrong', `clientId: 1example23456789, domain: nobody.localhost, endpoints: { ${endpoints(gate.cognito)} }`),
    );
    await says('cognitopool', 'cognito-gate', 'wrong', {
      conditions: [
        'Accepted True Accepted: the spec can be read',
        'ResolvedRefs True ResolvedRefs: every pool and Secret that it needs is there',
        `Reachable True Answered: the issuer is ${gate.cognito.issuer}; 2 signing keys`,
        'Registered False WrongDomain: nobody.localhost: the endpoint cannot be reached (ENOTFOUND): check spec.domain, and the egress of the cluster',
      ],
    });
  });
  test('whose client does not know our URLs', async () => {
    const direct = new URL(other.issuer).origin;
    await gate.apply(
      pool(
        'unregistered',
        `clientId: unregistered, endpoints: { ${endpoints(other)}, authorization: '${direct}/oauth2/authorize', logout: '${direct}/logout' }`,
      ),
    );
    await says('cognitopool', 'cognito-gate', 'unregistered', {
      conditions: [
        'Accepted True Accepted: the spec can be read',
        'ResolvedRefs True ResolvedRefs: every pool and Secret that it needs is there',
        'Reachable True Answered: the issuer is https://127.0.0.1:8443/eu-west-1_AbCdEfGhI; 2 signing keys',
        'Registered False RedirectMismatch: Cognito doesn’t know https://auth.gate.localhost:443/oauth2/callback: add it to the app client’s callback URLs; Cognito doesn’t know https://auth.gate.localhost:443/oauth2/signed-out: add it to the app client’s sign-out URLs',
      ],
    });
  });
  test('whose Secret is missing', async () => {
    await gate.apply(
      pool(
        'secretless',
        `clientId: 1example23456789, domain: acme, clientSecretRef: { name: nobody, key: clientSecret }`,
      ),
    );
    await says('cognitopool', 'cognito-gate', 'secretless', {
      conditions: [
        'Accepted True Accepted: the spec can be read',
        'ResolvedRefs False SecretNotFound: spec.clientSecretRef.name: the Secret is not there: make it in the namespace of the pool',
        'Reachable Unknown SecretNotFound: not asked: spec.clientSecretRef.name: the Secret is not there: make it in the namespace of the pool',
        'Registered Unknown SecretNotFound: not asked: spec.clientSecretRef.name: the Secret is not there: make it in the namespace of the pool',
      ],
      events: [
        'Warning SecretNotFound: spec.clientSecretRef.name: the Secret is not there: make it in the namespace of the pool',
      ],
    });
  });
});

function policy(name: string, spec: string): string {
  return `
apiVersion: cognito-gate.dev/v1alpha1
kind: AccessPolicy
metadata: { name: ${name}, namespace: shop }
spec: { targetRefs: [{ group: networking.k8s.io, kind: Ingress, name: ${name} }], ${spec} }
`;
}
const allow = 'rules: [{ name: staff, allow: [{ groups: [staff] }] }]';

async function ingressOf(name: string, annotations: Readonly<Record<string, string>> = {}): Promise<void> {
  await gate.apply(`
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { name: ${name}, namespace: shop, annotations: ${JSON.stringify(annotations)} }
spec:
  ingressClassName: nginx
  rules: [{ host: ${name}.acme.localhost, http: { paths: [{ path: /, pathType: Prefix, backend: { service: { name: shop, port: { number: 80 } } } }] } }]
`);
}

suite('a policy, and its Ingress', { timeout: 60_000 }, () => {
  before(async () => await gate.apply('{ apiVersion: v1, kind: Namespace, metadata: { name: shop } }'));

  test('whose pool is missing', async () => {
    await gate.apply(policy('poolless', `poolRefs: [{ name: nobody, namespace: cognito-gate }], ${allow}`));
    await ingressOf('poolless');
    await says('accesspolicy', 'shop', 'poolless', {
      conditions: [
        'Accepted False PoolNotFound: spec.poolRefs[0]: no CognitoPool has this name: correct it, or make the pool',
        'ResolvedRefs False PoolNotFound: spec.poolRefs[0]: no CognitoPool has this name: correct it, or make the pool',
        'Protected False PoolNotFound: spec.poolRefs[0]: no CognitoPool has this name: correct it, or make the pool; every request is refused until this is mended',
      ],
      events: ['Warning PoolNotFound: spec.poolRefs[0]: no CognitoPool has this name: correct it, or make the pool'],
    });
    await says('ingress', 'shop', 'poolless', {
      events: [
        'Warning PoolNotFound: every request is refused: AccessPolicy poolless is broken: spec.poolRefs[0]: no CognitoPool has this name: correct it, or make the pool',
      ],
    });
  });
  test('that was stored while the webhook was away', async () => {
    const restore = await gate.cutWebhook();
    await gate.apply(
      policy(
        'broken',
        'rules: [{ name: encoded, access: SignedIn, match: { paths: [{ type: Exact, value: "/a%2Fb" }] } }]',
      ),
    );
    await restore();
    await ingressOf('broken');
    await says('accesspolicy', 'shop', 'broken', {
      conditions: [
        'Accepted False Invalid: spec.rules[0].match.paths[0].value: is encoded so that it can be read in several ways: write the characters themselves',
        'ResolvedRefs True ResolvedRefs: every pool and Secret that it needs is there',
        'Protected False Invalid: spec.rules[0].match.paths[0].value: is encoded so that it can be read in several ways: write the characters themselves; every request is refused until this is mended',
      ],
      events: [
        'Warning Invalid: spec.rules[0].match.paths[0].value: is encoded so that it can be read in several ways: write the characters themselves',
      ],
    });
    await says('ingress', 'shop', 'broken', {
      events: [
        'Warning Invalid: every request is refused: AccessPolicy broken is broken: spec.rules[0].match.paths[0].value: is encoded so that it can be read in several ways: write the characters themselves',
      ],
    });
  });
  test('whose target is missing', async () => {
    await gate.apply(policy('targetless', allow));
    await says('accesspolicy', 'shop', 'targetless', {
      conditions: [
        'Accepted False TargetNotFound: spec.targetRefs[0].name: no Ingress of this namespace has this name: correct it, or make the Ingress',
        'ResolvedRefs True ResolvedRefs: every pool and Secret that it needs is there',
        'Protected False TargetNotFound: no Ingress of this namespace has this name',
      ],
      events: [
        'Warning TargetNotFound: spec.targetRefs[0].name: no Ingress of this namespace has this name: correct it, or make the Ingress',
      ],
    });
  });
  test('two for one Ingress', async () => {
    await gate.apply(policy('twice', allow));
    await gate.apply(policy('twice', allow).replace('name: twice, namespace', 'name: again, namespace'));
    await ingressOf('twice');
    await says('accesspolicy', 'shop', 'again', {
      conditions: [
        'Accepted False Conflicted: Ingress twice is also claimed by twice: name one of them on the Ingress (cognito-gate.dev/policy), or remove the others',
        'ResolvedRefs True ResolvedRefs: every pool and Secret that it needs is there',
        'Protected False Conflicted: another policy claims the Ingress too, and it refuses: it must name one; every request is refused until this is mended',
      ],
      events: [
        'Warning Conflicted: Ingress twice is also claimed by twice: name one of them on the Ingress (cognito-gate.dev/policy), or remove the others',
      ],
    });
    await says('ingress', 'shop', 'twice', {
      events: [
        'Warning Conflicted: every request is refused: again, twice claim it: name one of them (cognito-gate.dev/policy), or remove the others',
      ],
    });
  });
});
