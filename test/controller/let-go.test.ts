import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { IngressPlan } from '../../src/model/plan.ts';
import type { KubeObject } from '../../src/kubernetes/object.ts';
import { createLetGo } from '../../src/controller/let-go.ts';
import type { Round } from '../../src/controller/round.ts';
import { objectKey } from '../../src/controller/world.ts';
import { wiring } from '../../src/planes/nginx-wiring.ts';
import { object, plan, routeId, settings } from './samples.ts';

const key = objectKey('Ingress', 'shop', 'shop');
const ours = wiring(routeId, settings.install);

function ingress(annotations: Readonly<Record<string, string>> = {}, uid = 'one'): KubeObject {
  return object('Ingress', { namespace: 'shop', name: 'shop', annotations, uid });
}

function round(current: KubeObject | undefined, change?: Partial<IngressPlan>): Round {
  return {
    world: undefined as never,
    ingresses: new Map(current === undefined ? [] : [[key, current]]),
    find: () => current,
    about: () => [],
    plans: new Map(change === undefined ? [] : [[key, plan({ namespace: 'shop', name: 'shop', routeId, ...change })]]),
  };
}

/** A look at an Ingress that is wired, then another. */
function toldAfter(second: Round, first = round(ingress(ours), {})): readonly string[] {
  const letGo = createLetGo();
  letGo.since(first, settings.install);
  return letGo.since(second, settings.install).map(({ reason }) => reason);
}

const rows: readonly (readonly [string, Round, readonly string[]])[] = [
  ['whose marks and wiring were taken off', round(ingress()), ['Withdrawn']],
  ['that is as before', round(ingress(ours), {}), []],
  ['whose wiring somebody took off', round(ingress(), {}), []],
  ['that is to be withdrawn by us', round(ingress(ours), { act: 'Withdraw' }), []],
  ['that can not be protected any more', round(ingress(), { act: 'Leave' }), []],
  ['that belongs to another installation now, and is wired still', round(ingress(ours)), []],
  ['that was deleted', round(undefined), []],
  ['that was deleted, with another one in its place', round(ingress({}, 'two')), []],
];

for (const [name, second, expected] of rows) {
  test(`an Ingress ${name}: ${expected.join() || 'nothing is told'}`, () => {
    assert.deepEqual(toldAfter(second), expected);
  });
}

test('an Ingress that never was wired is not told about, and one that was let go is told about once', () => {
  assert.deepEqual(toldAfter(round(ingress()), round(ingress(), {})), []);
  const letGo = createLetGo();
  const looks = [round(ingress(ours), {}), round(ingress()), round(ingress())];
  assert.deepEqual(
    looks.map((look) => letGo.since(look, settings.install).length),
    [0, 1, 0],
  );
});
