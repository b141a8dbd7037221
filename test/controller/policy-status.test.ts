import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Finding } from '../../src/model/finding.ts';
import type { PolicyReport, TargetReport } from '../../src/model/plan.ts';
import { conditions, claim, timestamp } from '../../src/controller/conditions.ts';
import { policyStatus } from '../../src/controller/policy-status.ts';
import type { TargetFacts } from '../../src/controller/target-claims.ts';
import { finding, now, object, plan } from './samples.ts';

const good: TargetFacts = {
  plan: plan(),
  wired: true,
  routed: true,
  bypassed: false,
  trouble: undefined,
  everywhere: true,
  replicas: 2,
};

function target(change: Partial<TargetReport> = {}): TargetReport {
  const ref = { kind: 'Ingress', namespace: 'shop', name: 'shop' };
  return { ref, state: 'Enforced', reason: undefined, message: 'what translation says', ...change };
}

function status(
  targets: readonly TargetReport[],
  facts: Partial<TargetFacts> = {},
  findings: readonly Finding[] = [],
  report: Partial<PolicyReport> = {},
) {
  const ref = { kind: 'AccessPolicy', namespace: 'shop', name: 'staff' };
  return policyStatus({
    report: { ref, mode: 'Enforce', pools: ['gate/default', 'gate/other'], targets, ...report },
    object: object('AccessPolicy'),
    findings,
    facts: () => ({ ...good, ...facts }),
    controllerName: 'cognito-gate',
    now,
  });
}

type Row = readonly [name: string, target: Partial<TargetReport>, facts: Partial<TargetFacts>, expected: string];

const writeRefused: Finding = {
  ...finding({ reason: 'WriteRefused', field: 'metadata.annotations', message: 'snippets are off' }),
  object: { kind: 'Ingress', namespace: 'shop', name: 'shop' },
};
const refusing = plan({ state: 'Refusing', reason: 'Invalid', policy: undefined });

/** Accepted, ResolvedRefs, Programmed, Protected; `-`: the condition isn't there. */
const rows: readonly Row[] = [
  ['enforced everywhere', {}, {}, 'True/Accepted True/ResolvedRefs True/Programmed True/Protected'],
  ['not wired yet', {}, { wired: false }, 'True/Accepted True/ResolvedRefs False/Reconciling False/Reconciling'],
  ['without a companion', {}, { routed: false }, 'True/Accepted True/ResolvedRefs False/Reconciling False/Reconciling'],
  [
    'not on every replica',
    {},
    { everywhere: false },
    'True/Accepted True/ResolvedRefs False/Reconciling False/Reconciling',
  ],
  [
    'refused by a webhook',
    {},
    { wired: false, trouble: writeRefused },
    'True/Accepted True/ResolvedRefs False/WriteRefused False/WriteRefused',
  ],
  ['bypassed', {}, { bypassed: true }, 'True/Accepted True/ResolvedRefs False/Bypassed False/Bypassed'],
  [
    'of a class without a proxy of ours',
    {},
    { plan: plan({ state: 'Unprotected', reason: 'PlaneUnsupported' }) },
    'True/Accepted True/ResolvedRefs False/PlaneUnsupported False/PlaneUnsupported',
  ],
  ['P23: only audited', { state: 'Audited' }, {}, 'True/Accepted True/ResolvedRefs True/Programmed False/AuditOnly'],
  ['overridden', { state: 'Overridden' }, {}, 'True/Accepted True/ResolvedRefs False/Overridden False/Overridden'],
  [
    'P5: in conflict',
    { state: 'Conflicted' },
    { plan: refusing },
    'False/Conflicted True/ResolvedRefs - False/Conflicted',
  ],
  [
    'P7: not there',
    { state: 'NotFound' },
    { plan: undefined, wired: false },
    'False/TargetNotFound True/ResolvedRefs - False/TargetNotFound',
  ],
  [
    'P1: broken',
    { state: 'Broken', reason: 'AudienceMissing' },
    { plan: refusing },
    'False/AudienceMissing True/ResolvedRefs - False/AudienceMissing',
  ],
];

for (const [name, change, facts, expected] of rows) {
  test(`conditions of a target that is ${name}`, () => {
    const made = status([target(change)], facts);
    const line = (list: readonly { type: string; status: string; reason: string }[]): string =>
      ['Accepted', 'ResolvedRefs', 'Programmed', 'Protected']
        .map((type) => list.find((one) => one.type === type))
        .map((one) => (one === undefined ? '-' : `${one.status}/${one.reason}`))
        .join(' ');
    assert.equal(line(made.targets[0]?.conditions ?? []), expected);
    assert.equal(line(made.conditions), expected, 'a single target speaks for the whole');
    for (const { message, reason } of made.conditions) {
      assert.ok(message !== '' && /^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$/.test(reason));
    }
  });
}

const message = (made: ReturnType<typeof status>, type: string): string | undefined =>
  made.conditions.find((one) => one.type === type)?.message;

test('P1: a message names field and fix, and says that the Ingress is closed meanwhile', () => {
  const made = status([target({ state: 'Broken', reason: 'AudienceMissing' })], { plan: refusing }, [finding()]);
  assert.equal(message(made, 'Accepted'), 'spec.rules[0].allow: names nobody: write a group');
  assert.equal(
    message(made, 'Protected'),
    'spec.rules[0].allow: names nobody: write a group; every request is refused until this is mended',
  );
});

test('trouble of the Ingress is said at the policy, with the name of the Ingress', () => {
  const made = status([target({ state: 'Broken', reason: 'NoHost' })], { plan: refusing, trouble: writeRefused });
  assert.equal(message(made, 'Accepted'), 'Ingress shop/shop: metadata.annotations: snippets are off');
});

test('P8, P9, P10: a pool that is missing or not allowed is a reference that is not resolved', () => {
  const refs = finding({
    reason: 'RefNotPermitted',
    field: 'spec.poolRefs[0]',
    message: 'allow the namespace in the pool',
  });
  const made = status([target({ state: 'Broken', reason: 'RefNotPermitted' })], { plan: refusing }, [refs]);
  const resolved = made.conditions.find(({ type }) => type === 'ResolvedRefs');
  assert.deepEqual(
    [resolved?.status, resolved?.reason, resolved?.message],
    ['False', 'RefNotPermitted', 'spec.poolRefs[0]: allow the namespace in the pool'],
  );
});

test('warnings stand in the message of what is accepted', () => {
  const made = status([target()], {}, [
    finding({ severity: 'warning', reason: 'MarkAdvised', field: '', message: 'mark the Ingress' }),
  ]);
  assert.equal(message(made, 'Accepted'), 'in force, but: mark the Ingress');
});

test('of several targets, one that is not programmed makes it partly so', () => {
  const other = target({ state: 'NotFound', ref: { kind: 'Ingress', namespace: 'shop', name: 'gone' } });
  const made = status([target(), other]);
  const programmed = made.conditions.find(({ type }) => type === 'Programmed');
  assert.deepEqual([programmed?.status, programmed?.reason], ['False', 'PartiallyProgrammed']);
  assert.equal(message(made, 'Protected'), 'what translation says (1 of 2 targets are well)');
  assert.equal(message(status([target(), target()]), 'Protected'), 'Protected for all 2 targets');
});

test('a policy without targets says how it gets one', () => {
  const made = status([]);
  assert.ok(/cognito-gate\.dev\/policy: staff/.test(message(made, 'Protected') ?? ''));
  assert.deepEqual(made.summary, { targets: 0, pool: 'gate/default' });
  const cluster = status([], {}, [], { ref: { kind: 'ClusterAccessPolicy', namespace: '', name: 'x' } });
  assert.equal(message(cluster, 'Protected'), 'no Ingress is selected by spec.selector');
});

test('at most 64 targets are shown, those with trouble first, with their namespace where it is another', () => {
  const names = Array.from({ length: 100 }, (_, index) => `app-${String(index)}`);
  const targets = names.map((name, index) =>
    target({ ref: { kind: 'Ingress', namespace: 'far', name }, ...(index === 99 && { state: 'NotFound' }) }),
  );
  const made = status(targets);
  assert.equal(made.targets.length, 64);
  assert.equal(made.summary.targets, 100);
  assert.deepEqual(made.targets[0]?.ref, {
    group: 'networking.k8s.io',
    kind: 'Ingress',
    namespace: 'far',
    name: 'app-99',
  });
});

test('a condition keeps the time since when its status holds, whatever its reason does', () => {
  const moment = (generation: number, at: string) => ({ generation, now: at });
  const first = conditions([claim('A', false, 'One', 'm')], undefined, moment(1, timestamp(0)));
  const second = conditions([claim('A', false, 'Two', 'n')], first, moment(2, timestamp(60)));
  const third = conditions([claim('A', true, 'Two', 'n')], second, moment(2, timestamp(120.9)));
  const times = [first, second, third].map(([one]) => one?.lastTransitionTime);
  assert.deepEqual(times, ['1970-01-01T00:00:00Z', '1970-01-01T00:00:00Z', '1970-01-01T00:02:00Z']);
  assert.equal(second[0]?.observedGeneration, 2);
});
