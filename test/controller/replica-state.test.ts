import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { endedOf, includes, parseEnded, parseState, stateData } from '../../src/controller/replica-state.ts';
import type { ReplicaState } from '../../src/controller/replica-state.ts';

const mine: ReplicaState = {
  table: 'a',
  versions: { ingresses: '100', accesspolicies: '90' },
  newestKey: 'k1',
  ended: [
    ['a_sid', 1_700_000_000],
    ['another', 5],
  ],
  rotating: ['a pool'],
};

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
  test('gives back what was written', () => {
    const read = map(stateData(mine));
    assert.deepEqual({ ...parseState(read), ended: parseEnded(endedOf(read)) }, mine);
  });
  test('of an older version has ended nothing', () => {
    const read = map({ state: '{"table":"a","versions":{},"newestKey":"k1"}' });
    assert.deepEqual([parseState(read)?.rotating, parseEnded(endedOf(read))], [[], []]);
  });
  test('says of its ended sign-ins what can be read', () =>
    assert.deepEqual(parseEnded('a 10\n\nb\nc !\nd 1z'), [
      ['a', 36],
      ['d', 71],
    ]));
  for (const [sentence, data] of [
    ['without data', undefined],
    ['with another key', { other: '{}' }],
    ['with half a text', { state: '{"table":' }],
    ['without versions', { state: '{"table":"a"}' }],
  ] as const) {
    test(`says nothing ${sentence}`, () => assert.equal(parseState(map(data)), undefined));
  }
});
