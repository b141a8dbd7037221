import type { IngressPlan } from '../model/plan.ts';
import { isRecord } from '../kubernetes/object.ts';
import type { KubeObject } from '../kubernetes/object.ts';
import { resources } from '../kubernetes/resources.ts';
import type { Telling } from './events.ts';
import { otherManager } from './field-owner.ts';
import type { Fights } from './fights.ts';
import { planKey } from './round.ts';
import type { Round, Writing } from './round.ts';
import { ingressWrite } from './wanted-ingress.ts';
import type { IngressWrite } from './wanted-ingress.ts';
import { fieldManager } from './world.ts';
import type { Job } from './write-queue.ts';

export interface IngressWriting extends Writing {
  readonly fights: Fights;
  /** Who else writes a contested Ingress, by key. */
  readonly managers: Map<string, string>;
  /** Told once: that something was done. */
  notice(telling: Telling): void;
}

interface Wanted {
  readonly plan: IngressPlan;
  readonly current: KubeObject;
  readonly write: IngressWrite;
}

/** Wires and withdraws. `due`: when a contested Ingress may be written again. */
export function ingressJobs(round: Round, writing: IngressWriting): { jobs: readonly Job[]; due: number | undefined } {
  const now = writing.now();
  const jobs: Job[] = [];
  let due: number | undefined;
  for (const plan of round.world.plans) {
    const current = round.ingresses.get(planKey(plan));
    if (current === undefined || round.world.bypassed.has(plan.namespace)) continue;
    const write = ingressWrite(plan, current, writing.settings.install);
    if (write === undefined) continue;
    const wait = writing.fights.wait(planKey(plan), now);
    if (wait > 0) due = Math.min(due ?? Infinity, now + wait);
    else jobs.push(ingressJob({ plan, current, write }, writing));
  }
  return { jobs, due };
}

function ingressJob(wanted: Wanted, writing: IngressWriting): Job {
  const key = planKey(wanted.plan);
  const { uid, resourceVersion } = wanted.current.metadata;
  const signature = `${uid} ${resourceVersion} ${JSON.stringify(wanted.write)}`;
  return { key, kind: 'Ingress', signature, run: () => writeIngress(key, wanted, writing) };
}

async function writeIngress(key: string, { plan, write }: Wanted, writing: IngressWriting): Promise<void> {
  const { client, fights, settings, known, now } = writing;
  const place = { resource: resources.ingresses, namespace: plan.namespace, name: plan.name };
  const manager = fieldManager(settings);
  if (fights.brink(key, now())) await learnRival(key, place, writing);
  const written =
    write.verb === 'apply'
      ? await client.apply(place, write.body, { fieldManager: manager, force: write.force })
      : await client.merge(place, write.patch, { fieldManager: manager });
  known.wrote(key, written, true);
  // Not the whole body: a version in it would make each write another one, and a fight would never be seen.
  const wanted = write.verb === 'apply' ? JSON.stringify(wantedAnnotations(write)) : `${write.verb} ${plan.state}`;
  const undone = fights.wrote(key, wanted, now());
  const done = undone ? undoneNotice : write.verb === 'merge' ? withdrawnNotice : undefined;
  if (done !== undefined) writing.notice({ about: written, action: 'Write', written: false, ready: true, ...done });
}

function wantedAnnotations({ body }: Extract<IngressWrite, { verb: 'apply' }>): unknown {
  const metadata = isRecord(body) ? body['metadata'] : undefined;
  return isRecord(metadata) ? metadata['annotations'] : undefined;
}

const undoneNotice = {
  type: 'Warning',
  reason: 'WiringPutBack',
  note: 'somebody changed annotations that cognito-gate wrote; they were put back. To take off protection remove the marks, or write cognito-gate.dev/unprotect: "true"',
} as const;

export const withdrawnNotice = {
  type: 'Normal',
  reason: 'Withdrawn',
  note: 'no longer protected: the annotations of cognito-gate were taken off',
} as const;

async function learnRival(
  key: string,
  place: { readonly resource: typeof resources.ingresses; readonly namespace: string; readonly name: string },
  { client, managers, settings }: IngressWriting,
): Promise<void> {
  const object = await client.get(place);
  const rival = object === undefined ? undefined : otherManager(object, fieldManager(settings));
  if (rival !== undefined) managers.set(key, rival);
}
