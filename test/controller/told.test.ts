import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventName, eventObject } from '../../src/controller/events.ts';
import type { Telling } from '../../src/controller/events.ts';
import { createTold } from '../../src/controller/told.ts';
import { object } from './samples.ts';

function telling(change: Partial<Telling> = {}): Telling {
  return {
    about: object('Ingress'),
    type: 'Warning',
    reason: 'PolicyGone',
    action: 'Protect',
    note: 'gone',
    written: false,
    ready: true,
    ...change,
  };
}

const reporter = { controllerName: 'cognito-gate', instance: 'gate-0' };

test('what stands is told once, and again when it comes back, under another name', () => {
  const told = createTold();
  const one = telling();
  assert.deepEqual(told.due([one, one], true), [[one, 0]]);
  assert.deepEqual(told.due([one], false), [[one, 0]], 'not told yet');
  told.told(one);
  assert.deepEqual(told.due([one], false), []);
  assert.deepEqual(told.due([], false), []);
  assert.deepEqual(told.due([one], false), [[one, 1]]);
  assert.notEqual(eventName(one, 0), eventName(one, 1));
  assert.equal(eventName(one, 0), eventName(telling(), 0), 'a new leader meets the event of the old one');
});

test('what is written on the object counts as told only when a term starts', () => {
  const written = telling({ written: true });
  assert.deepEqual(createTold().due([written], true), []);
  assert.deepEqual(createTold().due([written], false), [[written, 0]]);
});

test('what is about to become true waits, and what was true is not told again for a blink', () => {
  const told = createTold();
  assert.deepEqual(told.due([telling({ ready: false })], false), []);
  told.told(telling());
  assert.deepEqual(told.due([telling({ ready: false })], false), []);
  assert.deepEqual(told.due([telling()], false), []);
});

test('an event is what the API wants: bytes of the note, length of the name, micro time', () => {
  const about = object('Ingress', { name: 'a'.repeat(253) });
  const long = telling({ about, note: 'é€'.repeat(1_000) });
  const name = eventName(long, 0);
  assert.ok(name.length <= 253);
  const made = eventObject(long, name, 1_700_000_000.5, reporter) as Record<string, unknown>;
  assert.ok(Buffer.byteLength(String(made['note'])) <= 1_024);
  assert.ok(/^(é€)+é?…$/.test(String(made['note'])));
  assert.equal(made['eventTime'], '2023-11-14T22:13:20.500000Z');
  assert.equal(made['reportingController'], 'cognito-gate.dev/cognito-gate');
});

test('an event about a cluster-wide object is in the default namespace', () => {
  const { namespace: _, ...metadata } = object('ClusterAccessPolicy').metadata;
  const made = eventObject(telling({ about: { kind: 'ClusterAccessPolicy', metadata } }), 'x', 0, reporter);
  assert.deepEqual((made as { metadata: unknown }).metadata, { name: 'x', namespace: 'default' });
});
