import assert from 'node:assert/strict';
import { test } from 'node:test';
import { followEndings } from '../src/cluster-endings.ts';
import { createRotation } from '../src/rotation.ts';
import { createEndedSids } from '../src/session/ended-sids.ts';

test('L23 what this replica had ended before it was restarted is told at once: an empty list in between would be all that is left if it were killed', () => {
  const ended = createEndedSids(() => 1000);
  const endings = followEndings({ ended, rotation: createRotation() }, () => undefined);
  endings.heard({ ended: [['a-sid', 5000]], rotating: [], own: true });
  assert.deepEqual(endings.ended(), [['a-sid', 5000]]);
  endings.heard({ ended: [['of-another', 5000]], rotating: [], own: false });
  assert.deepEqual(endings.ended(), [['a-sid', 5000]]);
  endings.close();
});
