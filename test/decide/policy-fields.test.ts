import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compilePolicy } from '../../src/decide/compile.ts';
import { decide } from '../../src/decide/decide.ts';
import type { Machine } from '../../src/model/identity.ts';
import type { MachineCondition, PersonCondition, Policy } from '../../src/model/policy.ts';
import { isPublic, options, partners, person, policy, request, rule, signedIn, staff } from './samples.ts';

const whole: Required<PersonCondition> = {
  pool: staff,
  groups: ['g'],
  allGroups: ['h'],
  usernames: ['ada'],
  subjects: ['sub-ada'],
  emails: ['ada@example.com'],
  emailDomains: ['example.com'],
  claims: [{ name: 'c', values: ['v'] }],
};

const machines: Required<MachineCondition> = { pool: staff, clients: ['job'], scopes: ['shop/write'] };

const base: Policy = policy(
  [
    rule(
      'open',
      { paths: [{ type: 'Exact', value: '/open' }], methods: ['GET'], sourceRanges: ['203.0.113.0/24'] },
      isPublic,
    ),
    rule('who', { paths: [{ type: 'PathPrefix', value: '/who' }] }, { kind: 'Allow', conditions: [whole] }),
    rule(
      'robots',
      { paths: [{ type: 'PathPrefix', value: '/robots' }] },
      { kind: 'Allow', conditions: [], machines: [machines] },
    ),
    rule('in', { paths: [{ type: 'RegularExpression', value: '/in|/ws' }] }, signedIn),
  ],
  {
    allowedOrigins: ['https://app.example.com'],
    deny: [{ groups: ['denied'] }],
    denyMachines: [{ ...machines, scopes: ['denied'] }],
  },
);

const full = person({ in: ['g', 'h'], claims: new Map([['c', ['v']]]) });

const job = (...scopes: readonly string[]): Machine => ({
  kind: 'machine',
  pool: staff,
  client: 'job',
  scopes: new Set(scopes),
  authTime: 1_700_000_000,
});

const probes = [
  { request: request({ path: '/open' }), who: [] },
  { request: request({ path: '/open', method: 'POST' }), who: [] },
  { request: request({ path: '/open', clientAddress: '198.51.100.1' }), who: [] },
  { request: request({ path: '/who/x' }), who: [full] },
  { request: request({ path: '/robots/x' }), who: [job('shop/write')] },
  { request: request({ path: '/robots/x' }), who: [job('shop/write', 'denied')] },
  { request: request({ path: '/in' }), who: [full] },
  { request: request({ path: '/in' }), who: [person({ in: ['denied'] })] },
  { request: request({ path: '/ws', webSocket: true, origin: 'https://app.example.com' }), who: [full] },
  { request: request({ path: '/in', method: 'OPTIONS', preflight: true, origin: 'https://x.test' }), who: [] },
];

function decisions(one: Policy): string {
  const ready = compilePolicy(one);
  return JSON.stringify(
    probes.map((probe) => {
      const verdict = decide(probe.request, probe.who, ready, options);
      return [verdict.reason, verdict.rule];
    }),
  );
}

type Json = string | number | boolean | null | undefined | readonly Json[] | { readonly [key: string]: Json };

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

/** Every policy that differs from this value in one scalar. */
function* mutations(value: Json, path: string): Generator<readonly [string, Json]> {
  if (typeof value === 'string') {
    yield [path, mutate(path, value)];
  } else if (isList(value)) {
    for (const [at, item] of value.entries()) {
      for (const [where, changed] of mutations(item, `${path}[${String(at)}]`)) yield [where, value.with(at, changed)];
    }
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, item] of Object.entries(value)) {
      for (const [where, changed] of mutations(item, `${path}.${key}`)) yield [where, { ...value, [key]: changed }];
    }
  }
}

function mutate(path: string, value: string): string {
  if (path.endsWith('.corsPreflight')) return 'Pass';
  if (path.endsWith('.kind')) return value === 'Public' ? 'SignedIn' : 'Public';
  if (path.includes('.sourceRanges')) return '192.0.2.0/24';
  if (path.endsWith('.type')) return value === 'Exact' ? 'RegularExpression' : 'Exact';
  if (path.includes('.pools') || path.endsWith('.pool')) return partners;
  return `${value}x`;
}

/** Names of the policy itself are for logs; an Exact path without special characters is its own expression. */
const withoutEffect = new Set(['policy.namespace', 'policy.name', 'policy.rules[0].match.paths[0].type']);

test('T21.1: flipping any field of a policy flips a decision', () => {
  const before = decisions(base);
  const seen = new Set<string>();
  // The policy is plain data: JSON is its whole content.
  for (const [path, changed] of mutations(base as unknown as Json, 'policy')) {
    seen.add(path.replace(/\[\d+\]/g, ''));
    if (!withoutEffect.has(path)) assert.notEqual(decisions(changed as unknown as Policy), before, path);
  }
  for (const field of Object.keys(whole)) {
    assert.ok(
      [...seen].some((path) => path.startsWith(`policy.rules.access.conditions.${field}`)),
      field,
    );
  }
  for (const field of Object.keys(machines)) {
    for (const at of ['rules.access.machines', 'denyMachines']) {
      assert.ok(
        [...seen].some((path) => path.startsWith(`policy.${at}.${field}`)),
        field,
      );
    }
  }
});
