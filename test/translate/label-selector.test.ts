import assert from 'node:assert/strict';
import test from 'node:test';
import { labelTest, looseLabelTest } from '../../src/translate/label-selector.ts';
import type { Labels } from '../../src/translate/label-selector.ts';

const none: Labels = new Map();
const a: Labels = new Map([['team', 'a']]);
const b: Labels = new Map([['team', 'b']]);
const empty: Labels = new Map([['team', '']]);
const two: Labels = new Map([
  ['team', 'a'],
  ['stage', 'test'],
]);

/** Which of none, a, b, empty, two are selected. */
function selected(test_: ((labels: Labels) => boolean) | undefined): readonly boolean[] {
  assert.ok(test_ !== undefined);
  return [none, a, b, empty, two].map(test_);
}

test('a label selector selects as Kubernetes does: NotIn and DoesNotExist hold for labels that are absent', () => {
  const one = (operator: 'In' | 'NotIn', values: string[]) => ({
    matchExpressions: [{ key: 'team', operator, values }],
  });
  const bare = (operator: 'Exists' | 'DoesNotExist') => ({ matchExpressions: [{ key: 'team', operator }] });
  assert.deepEqual(selected(labelTest({ matchLabels: { team: 'a' } })), [false, true, false, false, true]);
  assert.deepEqual(selected(labelTest(one('In', ['a', 'b']))), [false, true, true, false, true]);
  assert.deepEqual(selected(labelTest(one('In', ['']))), [false, false, false, true, false]);
  assert.deepEqual(selected(labelTest(one('NotIn', ['a']))), [true, false, true, true, false]);
  assert.deepEqual(selected(labelTest(bare('Exists'))), [false, true, true, true, true]);
  assert.deepEqual(selected(labelTest(bare('DoesNotExist'))), [true, false, false, false, false]);
});

test('everything that is written in a label selector must hold', () => {
  const selector = {
    matchLabels: { team: 'a' },
    matchExpressions: [{ key: 'stage', operator: 'DoesNotExist' as const }],
  };
  assert.deepEqual(selected(labelTest(selector)), [false, true, false, false, false]);
});

test('names of fields that every object has are no labels', () => {
  const selector = { matchExpressions: [{ key: 'constructor', operator: 'Exists' as const }] };
  assert.deepEqual(selected(labelTest(selector)), [false, false, false, false, false]);
});

test('P7 what can not be read of a selector selects more, not less; nothing readable selects nothing', () => {
  const matchExpressions = [{ key: 'stage', operator: 'Is', values: ['test'] }];
  assert.deepEqual(selected(looseLabelTest({ matchLabels: { team: 'a', stage: 7 }, matchExpressions })), [
    false,
    true,
    false,
    false,
    true,
  ]);
  for (const value of [undefined, null, 'team=a', [], {}, { matchExpressions: 'x' }, { matchLabels: { team: 1 } }]) {
    assert.equal(looseLabelTest(value), undefined);
  }
});
