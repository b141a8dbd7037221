import type { Finding } from '../model/finding.ts';
import type { RevocationReport } from '../model/plan.ts';
import type { KubeObject } from '../kubernetes/object.ts';
import { resources } from '../kubernetes/resources.ts';
import type { Applied } from './applied.ts';
import { timestamp } from './conditions.ts';
import { revocationStatus } from './revocation-status.ts';
import type { Round, Writing } from './round.ts';
import { statusJob } from './status-jobs.ts';
import { told } from './target-claims.ts';
import { objectKey } from './world.ts';
import type { World } from './world.ts';
import type { Job } from './write-queue.ts';

/** There may be thousands, and nearly all say what they have to: what an object said it for is known by the object. */
const settled = new WeakMap<
  KubeObject,
  { readonly revocation: RevocationReport['revocation']; readonly told: string }
>();

/** What is to be written is worked out for so many at a look: decisions are answered in between. */
const atOnce = 200;

export interface RevocationWriting extends Writing {
  /** For these alone: of what stands rightly nothing has to be remembered. */
  readonly applied: Applied;
}

/** Statuses, and the end of those that have been kept long enough. `due`: when the next one has, in seconds since the epoch. */
export function revocationJobs(
  round: Round,
  writing: RevocationWriting,
): { readonly jobs: readonly Job[]; readonly due: number } {
  let due = Infinity;
  const jobs: Job[] = [];
  for (const [report, watched] of reported(round.world)) {
    const { keptUntil = Infinity } = report;
    if (keptUntil > writing.now()) due = Math.min(due, keptUntil);
    const job = jobs.length < atOnce ? jobFor(report, watched, round, writing) : undefined;
    if (job !== undefined) jobs.push(job);
  }
  writing.applied.keepOnly(new Set(jobs.map(({ key }) => key)));
  return { jobs, due };
}

function* reported(world: World): Iterable<readonly [RevocationReport, KubeObject]> {
  const reports = reportsOf(world.revocations);
  if (reports.size === 0) return;
  for (const object of world.objects('SessionRevocation')) {
    const { namespace = '', name, deletionTimestamp } = object.metadata;
    const report = reports.get(`${namespace}/${name}`);
    if (report !== undefined && deletionTimestamp === undefined) yield [report, object];
  }
}

function jobFor(
  report: RevocationReport,
  watched: KubeObject,
  round: Round,
  writing: RevocationWriting,
): Job | undefined {
  const key = objectKey('SessionRevocation', report.ref.namespace, report.ref.name);
  const object = writing.known.newest(key, watched);
  const { keptUntil = Infinity } = report;
  if (object === undefined) return undefined;
  if (keptUntil <= writing.now()) return removalJob(object, { key, keptUntil }, writing);
  return unsettledJob(report, { object, findings: round.about(key) }, round, writing);
}

const byName = new WeakMap<World['revocations'], ReadonlyMap<string, RevocationReport>>();

/** Of one translation, which is looked at many times. */
function reportsOf(all: World['revocations']): ReadonlyMap<string, RevocationReport> {
  const known = byName.get(all) ?? new Map(all.map((report) => [`${report.ref.namespace}/${report.ref.name}`, report]));
  byName.set(all, known);
  return known;
}

function unsettledJob(
  report: RevocationReport,
  { object, findings }: { object: KubeObject; findings: readonly Finding[] },
  { world }: Round,
  writing: RevocationWriting,
): Job | undefined {
  const said = told(findings);
  const before = settled.get(object);
  if (before?.revocation === report.revocation && before?.told === said) return undefined;
  const wanted = revocationStatus({
    report,
    object,
    findings,
    everywhere: world.isReadEverywhere(object),
    replicas: world.replicas,
    now: timestamp(writing.now()),
  });
  const job = statusJob(object, resources.sessionRevocations, wanted, writing);
  const pending = wanted.conditions.some(({ reason }) => reason === 'Pending');
  if (job === undefined && !pending) settled.set(object, { revocation: report.revocation, told: said });
  return job;
}

/**
 * A clock that is wrong would delete what must hold for weeks, and sign-ins would go on that somebody ended. So the API
 * server's is asked too: what it would create now carries its time.
 */
function removalJob(
  object: KubeObject,
  { key, keptUntil }: { key: string; keptUntil: number },
  { client, settings, known }: Writing,
): Job {
  const { namespace = '', name, uid, resourceVersion } = object.metadata;
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
      await client.remove({ resource: resources.sessionRevocations, namespace, name }, { uid, resourceVersion });
      known.removed(key, object);
    },
  };
}
