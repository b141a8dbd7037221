import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { followEndings } from '../src/cluster-endings.ts';
import { createRotation } from '../src/rotation.ts';
import { createEndedSids } from '../src/session/ended-sids.ts';
import { until } from './support/until.ts';

function world() {
  const ended = createEndedSids(() => 1000);
  const rotation = createRotation();
  const told: number[] = [];
  const endings = followEndings({ ended, rotation }, () => void told.push(endings.ended().length));
  return { ended, rotation, told, endings };
}

suite('what replicas tell each other about sign-ins', () => {
  test('what is ended here is told at once, and a flood of it together', async () => {
    const { ended, told, endings } = world();
    for (let index = 0; index < 500; index += 1) ended.end(`sid-${index}`, 2000);
    await until(async () => told.length > 0, 'the telling');
    assert.deepEqual(told, [500]);
    assert.equal(endings.ended(), endings.ended(), 'the same list while nothing changes');
    endings.close();
  });

  test('what others have ended is ended here, and not told again; what this one had told before its restart is', async () => {
    const { ended, told, endings } = world();
    endings.heard({ ended: [['theirs', 2000]], rotating: [], own: false });
    assert.ok(ended.has('theirs'));
    endings.heard({ ended: [['mine', 2000]], rotating: [], own: true });
    await until(async () => told.length > 0, 'the telling');
    assert.deepEqual(endings.ended(), [['mine', 2000]]);
    endings.close();
  });

  test('S24 a pool that one replica has seen to rotate is known to all, whoever keeps what is known', async () => {
    const { rotation, told, endings } = world();
    endings.heard({ ended: [], rotating: ['a'], own: false });
    const later = new Set<string>();
    rotation.follow({ rotating: () => later, noteRotating: (pool) => void later.add(pool) });
    assert.deepEqual([...rotation.rotating()], ['a']);
    await until(async () => told.length > 0, 'the telling');
    assert.deepEqual(endings.rotating(), ['a']);
    endings.close();
  });
});
