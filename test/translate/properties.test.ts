import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import test from 'node:test';
import fc from 'fast-check';
import { parseAllDocuments } from 'yaml';
import type { Installation, Snapshot } from '../../src/model/snapshot.ts';
import { routeId } from '../../src/translate/route-id.ts';
import { translate } from '../../src/translate/translate.ts';

const installation: Installation = {
  signInHost: 'auth.example.com',
  defaultPool: 'identity/staff',
  poolNamespaces: ['identity'],
  clientAddressKnown: true,
  prefix: '/_cognito-gate',
  controllerName: 'cognito-gate',
  decisionsUrl: 'http://cognito-gate-decisions.cognito-gate.svc.cluster.local:8080/nginx/',
  releaseNamespace: undefined,
  ingressControllers: ['k8s.io/ingress-nginx'],
  onPolicyGone: 'Refuse',
};

function snapshot(objects: readonly unknown[]): Snapshot {
  return { installation, objects: objects.map((value) => ({ value, origin: 'x' })), secrets: new Map() };
}

/** Everything that a table tells, for comparing. */
function told(objects: readonly unknown[]): string {
  const { table, findings, plans, policies, pools, revocations } = translate(snapshot(objects));
  const routes = [...table.allRoutes()].map((c) => c.route);
  return JSON.stringify({ hash: table.hash, routes, findings, plans, policies, pools, revocations });
}

const folder = new URL('goldens/', import.meta.url);
const goldens = readdirSync(folder).filter((name) => name.endsWith('.in.yaml'));
const written = goldens.map((name) =>
  parseAllDocuments(readFileSync(new URL(name, folder), 'utf8'))
    .slice(1)
    .map((document) => document.toJS() as unknown),
);

/** Values at random places of an object that was good. */
function mutate(value: unknown, path: readonly number[], put: unknown): unknown {
  const [first, ...rest] = path;
  if (first === undefined || typeof value !== 'object' || value === null) return put;
  const keys = Object.keys(value);
  const key = keys[first % Math.max(keys.length, 1)];
  if (key === undefined) return put;
  const copy: Record<string, unknown> | unknown[] = Array.isArray(value) ? [...(value as unknown[])] : { ...value };
  Object.assign(copy, { [key]: mutate(Reflect.get(value, key), rest, put) });
  return copy;
}

const oddJson = fc.oneof(
  fc.jsonValue({ maxDepth: 4 }),
  fc.constantFrom<unknown>(null, '', [], {}, [''], [null], -1, undefined),
);

test('translate never throws, whatever JSON the objects are', () => {
  fc.assert(fc.property(fc.array(oddJson, { maxLength: 5 }), (objects) => void translate(snapshot(objects))));
});

test('translate never throws, whatever stands at any place of an object that was good', () => {
  const place = fc.array(fc.nat(20), { minLength: 1, maxLength: 9 });
  fc.assert(
    fc.property(fc.constantFrom(...written), place, oddJson, (objects, path, put) => {
      const mutated = mutate(objects, path, put);
      if (!Array.isArray(mutated)) return;
      for (const { route, policy, audits } of translate(snapshot(mutated)).table.allRoutes()) {
        if (route.state.kind === 'broken') continue;
        assert.ok(policy !== undefined, 'what translate lets through can be compiled');
        assert.equal(audits.length, route.state.audits.length);
      }
    }),
    { numRuns: 1500 },
  );
});

test('P23 P11 one mistake anywhere in a policy never turns the route from refusing into open', () => {
  const [good] = written.filter((_, index) => goldens[index]?.startsWith('policy-by-selector') === true);
  assert.ok(good !== undefined);
  const place = fc.array(fc.nat(20), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(place, oddJson, (path, put) => {
      const objects = good.map((object) => (isPolicy(object) ? mutateSpec(object, path, put) : object));
      const id = routeId('shop', 'shop');
      const compiled = translate(snapshot(objects)).table.route(id);
      assert.ok(compiled !== undefined, 'a marked Ingress is always a route');
      const rules = compiled.policy?.policy.rules ?? [];
      assert.ok(rules.every((rule) => rule.access.kind !== 'Public'));
    }),
    { numRuns: 1000 },
  );
});

function isPolicy(value: unknown): value is { spec: unknown } {
  return typeof value === 'object' && value !== null && Reflect.get(value, 'kind') === 'AccessPolicy';
}

function mutateSpec(policy: { spec: unknown }, path: readonly number[], put: unknown): unknown {
  return { ...policy, spec: mutate(policy.spec, path, put) };
}

test('P5 the order of the objects does not show', () => {
  const shuffled = fc
    .array(fc.constantFrom(...written), { minLength: 1, maxLength: 4 })
    .map((lists) => lists.flat())
    .chain((objects) => fc.tuple(fc.constant(objects), fc.shuffledSubarray(objects, { minLength: objects.length })));
  fc.assert(
    fc.property(shuffled, ([objects, others]) => assert.equal(told(others), told(objects))),
    { numRuns: 300 },
  );
});

test('T18.1 a plan holds only names and hosts of a fixed grammar', () => {
  const odd = fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.constantFrom('a"b', 'a;b', 'a\nb', '$host', '{', 'shop', '*.x.y'),
  );
  fc.assert(
    fc.property(odd, odd, odd, odd, (name, namespace, host, group) => {
      const ingress = {
        apiVersion: 'networking.k8s.io/v1',
        kind: 'Ingress',
        metadata: { name, namespace, annotations: { 'cognito-gate.dev/allowed-groups': group } },
        spec: { rules: [{ host }] },
      };
      for (const plan of translate(snapshot([ingress])).plans) {
        assert.match(plan.routeId, /^[0-9a-f]{32}$/);
        assert.match(`${plan.namespace} ${plan.name}`, /^[a-z0-9-]+ [a-z0-9.-]+$/);
        for (const one of plan.hosts) assert.match(one, /^(\*\.)?[a-z0-9.-]+$/);
      }
    }),
  );
});

test('T19.1 names that would collide when joined have different route ids', () => {
  const pairs = [
    ['a', 'b-c'],
    ['a-b', 'c'],
    ['a', 'b/c'],
    ['a/b', 'c'],
    ['ab', 'c'],
    ['a', 'bc'],
  ] as const;
  assert.equal(new Set(pairs.map(([namespace, name]) => routeId(namespace, name))).size, pairs.length);
  for (const [namespace, name] of pairs) assert.match(routeId(namespace, name), /^[0-9a-f]{32}$/);
});
