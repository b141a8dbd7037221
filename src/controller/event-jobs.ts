import { KubeApiError } from '../kubernetes/client.ts';
import { resources } from '../kubernetes/resources.ts';
import { eventName, eventNamespace, eventObject, tellingKey } from './events.ts';
import type { Telling } from './events.ts';
import type { Writing } from './round.ts';
import type { Job } from './write-queue.ts';

export interface EventWriting extends Writing {
  /** Called when it is told, or can't be. */
  told(telling: Telling): void;
}

export function eventJobs(
  due: readonly (readonly [telling: Telling, recurrence: number])[],
  writing: EventWriting,
): readonly Job[] {
  return due.map(([telling, recurrence]) => {
    const key = `Event ${tellingKey(telling)}`;
    return { key, kind: 'Event', signature: key, run: () => tell(telling, recurrence, writing) };
  });
}

async function tell(
  telling: Telling,
  recurrence: number,
  { client, settings, now, told }: EventWriting,
): Promise<void> {
  const name = eventName(telling, recurrence);
  const reporter = { controllerName: settings.controllerName, instance: settings.instance ?? settings.controllerName };
  const place = { resource: resources.events, namespace: eventNamespace(telling), name };
  try {
    await client.create(place, eventObject(telling, name, now(), reporter));
  } catch (error) {
    // 409: the leader before us told it. Other refusals (a namespace that is going) are not worth a second try.
    if (!isFinal(error)) throw error;
  }
  told(telling);
}

function isFinal(error: unknown): boolean {
  return error instanceof KubeApiError && error.status >= 400 && error.status < 500 && error.status !== 429;
}
