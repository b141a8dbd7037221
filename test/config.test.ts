import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError, loadConfig, parseConfig } from '../src/config.ts';
import { milliseconds } from '../src/config-fields.ts';

const good = `
signInHost: auth.example.com
poolNamespaces: [identity]
source: { folder: ./policies }
secretsDir: ./secrets
keyRingSecret: identity/keys
`;

test('a small configuration is complete with secure and documented defaults', () => {
  const config = parseConfig(good, 'gate.yaml');
  assert.equal(config.publicPort, 443);
  assert.equal(config.prefix, '/_cognito-gate');
  assert.equal(config.clientAddress, 'Unknown');
  assert.deepEqual(config.listen, { decisions: '0.0.0.0:8080', signIn: '0.0.0.0:8081', operations: '0.0.0.0:9090' });
  assert.equal(milliseconds(config.shutdownDelay), 40_000);
});

test('one error lists every mistake with field, value and fix', () => {
  const text = `${good}publicPort: 99999\nprefix: /a.b\nlisten: { decisions: nowhere }\nsigninHost: x\nlog: { level: loud }\n`;
  assert.throws(
    () => parseConfig(text, 'gate.yaml'),
    (error) => {
      assert.ok(error instanceof ConfigError);
      assert.match(error.message, /gate\.yaml has 5 mistakes:/);
      assert.match(error.message, /publicPort: 99999/);
      assert.match(error.message, /prefix: "\/a\.b" must be one path segment/);
      assert.match(error.message, /listen\.decisions: "nowhere" must be host:port/);
      assert.match(error.message, /signinHost: there is no such field/);
      assert.match(error.message, /log\.level: "loud"/);
      return true;
    },
  );
});

const rows: readonly (readonly [string, string, RegExp])[] = [
  ['an empty file names what is missing', '', /signInHost: is missing/],
  [
    'a source that names none of the two',
    good.replace('{ folder: ./policies }', '{}'),
    /has 1 mistake:\s+source: \{\} must hold folder or cluster, and not both/,
  ],
  [
    'a host with a scheme is refused',
    good.replace('auth.example.com', 'https://auth.example.com'),
    /signInHost: "https:\/\/auth\.example\.com" must be a lower-case host/,
  ],
  ['broken YAML says where', 'a: [1\nb: 2', /is not YAML:[\s\S]*line/],
  ['a list instead of fields', '- a', /the whole file: \["a"\] must be fields/],
  [
    'a value of another type is told the form that is wanted',
    `${good}shutdownDelay: 2\npublicPort: many\nacmeChallenges: on\n`,
    /publicPort: "many" must be a port from 1[\s\S]*acmeChallenges: "on" must be true or false[\s\S]*shutdownDelay: 2 must be a number with s/,
  ],
  [
    'a field that is missing is told so too',
    good.replace(/secretsDir.*/, ''),
    /secretsDir: is missing; it must be the path/,
  ],
  [
    'one port for two listeners',
    `${good}listen: { decisions: '127.0.0.1:9090' }\n`,
    /listen\.operations: is missing; it must have another port than listen\.decisions/,
  ],
  [
    'a user of Redis without a password, who would be nobody',
    `${good}store: { redis: { urls: ['redis://redis:6379'], username: gate } }\n`,
    /has 1 mistake:\s+store\.redis\.username: "gate" needs a passwordFile/,
  ],
];
const inCluster = `
signInHost: auth.example.com
poolNamespaces: []
source: { cluster: {} }
keyRingSecret: gate/keys
`;
const clusterRows: readonly (readonly [string, string, RegExp])[] = [
  ['a cluster needs to know its release', inCluster, /release: is missing; it must be like \{ namespace/],
  ['a cluster needs the address for decisions', inCluster, /decisionsAddress: is missing; it must be host:port/],
  ['a cluster needs the sign-in Service', inCluster, /signInService: is missing; it must be like \{ name/],
  [
    'a certificate of two sources',
    `${inCluster}webhook: { certificate: { secret: a, folder: /b } }\n`,
    /webhook\.certificate: .* must hold secret or folder, and not both/,
  ],
  [
    'a key ring that would be rotated before a key seals',
    `${inCluster}keyRingRotation: { every: 1m }\n`,
    /keyRingRotation\.every: .* must be at least 1h/,
  ],
  [
    'a key ring that would outgrow its Secret',
    `${inCluster}keyRingRotation: { every: 1h, keep: 2000h }\n`,
    /keyRingRotation\.keep: .* must be at most 1000 times every/,
  ],
  [
    'a folder of secrets is not written to',
    `${good}keyRingRotation: { every: 24h }\n`,
    /keyRingRotation: .*must be left out with a folder/,
  ],
];
for (const [sentence, text, message] of [...rows, ...clusterRows]) {
  test(sentence, () => assert.throws(() => parseConfig(text, 'gate.yaml'), message));
}

test('a file that is not there is named', async () => {
  await assert.rejects(loadConfig('no/such/file.yaml'), /no\/such\/file\.yaml: can't be read \(ENOENT\)/);
});
