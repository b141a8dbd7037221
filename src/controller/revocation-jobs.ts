import type { RevocationReport } from '../model/plan.ts';
import type { KubeObject } from '../kubernetes/object.ts';
import { resources } from '../kubernetes/resources.ts';
import { timestamp } from './conditions.ts';
import { revocationStatus } from './revocation-status.ts';
import type { Round } from './round.ts';
import { statusJob } from './status-jobs.ts';
import type { StatusWriting } from './status-jobs.ts';
import { objectKey } from './world.ts';
import type { Job } from './write-queue.ts';

/** There may be thousands, and nearly all say what they have to: looked at once, by the object and what it came to. */
const settled = new WeakMap<KubeObject, RevocationReport['revocation']>();

/** What is to be written is worked out for so many at a look: decisions are answered in between. */
const atOnce = 200;

/** Statuses, and the end of those that have been kept long enough. `due`: when the next one has, in seconds since the epoch. */
export function revocationJobs(
  round: Round,
  writing: StatusWriting,
): { readonly jobs: readonly Job[]; readonly due: number } {
  const now = writing.now();
  let due = Infinity;
  const jobs: Job[] = [];
  for (const report of round.world.revocations) {
    const { namespace, name } = report.ref;
    const { keptUntil = Infinity } = report;
    const object = round.find('SessionRevocation', namespace, name);
    if (object === undefined || object.metadata.deletionTimestamp !== undefined) continue;
    if (keptUntil > now) due = Math.min(due, keptUntil);
    if (jobs.length >= atOnce) continue;
    const job =
      keptUntil <= now ? removalJob(object, keptUntil, writing) : unsettledJob(report, object, round, writing);
    if (job !== undefined) jobs.push(job);
  }
  return { jobs, due };
}

function unsettledJob(
  report: RevocationReport,
  object: KubeObject,
  round: Round,
  writing: StatusWriting,
): Job | undefined {
  if (report.revocation !== undefined && settled.get(object) === report.revocation) return undefined;
  const { namespace, name } = report.ref;
  const { world } = round;
  const findings = round.about(objectKey('SessionRevocation', namespace, name));
  const wanted = revocationStatus({
    report,
    object,
    findings,
    everywhere: world.isReadEverywhere(object),
    replicas: world.replicas,
    now: timestamp(writing.now()),
  });
  const job = statusJob(object, resources.sessionRevocations, wanted, writing);
  const [inForce] = wanted.conditions;
  if (job === undefined && findings.length === 0 && inForce?.status === 'True') settled.set(object, report.revocation);
  return job;
}

/**
 * A clock that is wrong would delete what must hold for weeks, and sign-ins would go on that somebody ended. So the API
 * server's is asked too: what it would create now carries its time.
 */
function removalJob(object: KubeObject, keptUntil: number, { client, settings, known }: StatusWriting): Job {
  const { namespace = '', name, uid } = object.metadata;
  const key = objectKey('SessionRevocation', namespace, name);
  return {
    key,
    kind: 'SessionRevocation',
    signature: `${uid} delete`,
    run: async () => {
      const clock = {
        resource: resources.configMaps,
        namespace: settings.releaseNamespace,
        name: `${settings.releaseName}-clock`,
      };
      const metadata = { name: clock.name, namespace: clock.namespace };
      const made = await client.apply(
        clock,
        { apiVersion: 'v1', kind: 'ConfigMap', metadata },
        { fieldManager: 'cognito-gate', force: true, dryRun: true },
      );
      const serverNow = Date.parse(made.metadata.creationTimestamp ?? '') / 1000;
      if (!(serverNow >= keptUntil))
        throw new Error(
          `by the clock of the API server it is kept until ${timestamp(keptUntil)}: set the clock of this machine`,
        );
      await client.remove({ resource: resources.sessionRevocations, namespace, name }, { uid });
      known.removed(key, object);
    },
  };
}
