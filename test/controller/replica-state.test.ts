import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { includes, parseState, stateData } from '../../src/controller/replica-state.ts';
import type { ReplicaState } from '../../src/controller/replica-state.ts';

const mine: ReplicaState = { table: 'a', versions: { ingresses: '100', accesspolicies: '90' }, newestKey: 'k1' };

const rows: readonly (readonly [sentence: string, theirs: ReplicaState, known: boolean])[] = [
  ['the same table decides the same, however old its versions', { ...mine, versions: { ingresses: '1' } }, true],
  ['another table with the same versions', { ...mine, table: 'b' }, true],
  ['another table that is newer', { ...mine, table: 'b', versions: { ingresses: '1000', accesspolicies: '91' } }, true],
  ['one collection is older', { ...mine, table: 'b', versions: { ingresses: '99', accesspolicies: '90' } }, false],
  [
    'versions are numbers, not text',
    { ...mine, table: 'b', versions: { ingresses: '99', accesspolicies: '900' } },
    false,
  ],
  ['a collection that it does not watch', { ...mine, table: 'b', versions: { ingresses: '100' } }, false],
  ['a version that is no number', { ...mine, table: 'b', versions: { ingresses: 'x', accesspolicies: '90' } }, false],
];

suite('whether another replica knows what this one says', () => {
  for (const [sentence, theirs, known] of rows) test(sentence, () => assert.equal(includes(theirs, mine), known));
});

suite('a replica’s ConfigMap', () => {
  const map = (data: unknown) => ({ metadata: { name: 'x', uid: 'u', resourceVersion: '1' }, data });
  test('gives back what was written', () => assert.deepEqual(parseState(map(stateData(mine))), mine));
  for (const [sentence, data] of [
    ['without data', undefined],
    ['with another key', { other: '{}' }],
    ['with half a text', { state: '{"table":' }],
    ['without versions', { state: '{"table":"a"}' }],
  ] as const) {
    test(`says nothing ${sentence}`, () => assert.equal(parseState(map(data)), undefined));
  }
});
