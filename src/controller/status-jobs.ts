import type { ObjectRef } from '../model/finding.ts';
import type { PolicyReport, PoolReport } from '../model/plan.ts';
import type { KubeObject } from '../kubernetes/object.ts';
import { apiVersion, resources } from '../kubernetes/resources.ts';
import type { Resource } from '../kubernetes/resources.ts';
import type { Applied } from './applied.ts';
import { companionName } from './companions.ts';
import { timestamp } from './conditions.ts';
import { policyStatus } from './policy-status.ts';
import type { PolicyStatus } from './policy-status.ts';
import { poolStatus } from './pool-status.ts';
import type { PoolStatus } from './pool-status.ts';
import type { RevocationStatus } from './revocation-status.ts';
import type { Round, Writing } from './round.ts';
import { sameJson } from './same-json.ts';
import { sortedJson } from './sorted-json.ts';
import type { TargetFacts } from './target-claims.ts';
import { isWired } from './wanted-ingress.ts';
import { fieldManager, objectKey } from './world.ts';
import type { Job } from './write-queue.ts';

export interface StatusWriting extends Writing {
  readonly applied: Applied;
}

/** `missing`: names of companions that aren't there as they must be. */
export function statusJobs(round: Round, missing: ReadonlySet<string>, writing: StatusWriting): readonly Job[] {
  const { world } = round;
  const policies = world.policies.map((report) => policyJob(report, round, missing, writing));
  const pools = world.pools.map((report) => poolJob(report, round, writing));
  return [...policies, ...pools].filter((job) => job !== undefined);
}

function policyJob(
  report: PolicyReport,
  round: Round,
  missing: ReadonlySet<string>,
  writing: StatusWriting,
): Job | undefined {
  const { kind, namespace, name } = report.ref;
  if (kind !== 'AccessPolicy' && kind !== 'ClusterAccessPolicy') return undefined;
  const object = round.find(kind, namespace, name);
  if (object === undefined) return undefined;
  const status = policyStatus({
    report,
    object,
    findings: round.about(objectKey(kind, namespace, name)),
    facts: (target) => factsOf(target, round, missing, writing),
    controllerName: writing.settings.controllerName,
    now: timestamp(writing.now()),
  });
  const resource = kind === 'AccessPolicy' ? resources.accessPolicies : resources.clusterAccessPolicies;
  return statusJob(object, resource, status, writing);
}

function poolJob(report: PoolReport, round: Round, writing: StatusWriting): Job | undefined {
  const { namespace, name } = report.ref;
  const object = round.find('CognitoPool', namespace, name);
  if (object === undefined) return undefined;
  const status = poolStatus({
    report,
    object,
    findings: round.about(objectKey('CognitoPool', namespace, name)),
    state: round.world.poolStates.get(`${namespace}/${name}`),
    rotating: report.id !== undefined && round.world.rotating.has(report.id),
    signInHost: writing.settings.signInHost,
    publicPort: writing.settings.publicPort,
    now: timestamp(writing.now()),
  });
  return statusJob(object, resources.cognitoPools, status, writing);
}

function factsOf(ref: ObjectRef, round: Round, missing: ReadonlySet<string>, { settings }: Writing): TargetFacts {
  const key = objectKey(ref.kind, ref.namespace, ref.name);
  const plan = round.plans.get(key);
  const ingress = round.ingresses.get(key);
  const { world } = round;
  return {
    plan,
    wired: plan !== undefined && ingress !== undefined && isWired(plan, ingress, settings.install),
    routed:
      plan === undefined ||
      plan.signIn === false ||
      missing.size === 0 ||
      plan.hosts.every((host) => !missing.has(companionName(host, plan.className))),
    bypassed: world.bypassed.has(ref.namespace),
    trouble: round.about(key).find(({ severity }) => severity === 'error'),
    everywhere: world.everywhere || (plan !== undefined && world.unchanged?.(plan.routeId) === true),
    replicas: world.replicas,
  };
}

/** Written only when it says something else than what stands there. */
export function statusJob(
  object: KubeObject,
  resource: Resource,
  status: PolicyStatus | PoolStatus | RevocationStatus,
  { client, settings, known, applied }: StatusWriting,
): Job | undefined {
  const { name, namespace, uid, resourceVersion } = object.metadata;
  const key = objectKey(resource.kind, namespace, name);
  if (sameJson(object['status'], status)) return undefined;
  const standing = sortedJson(object['status']);
  const wanted = `${uid} ${sortedJson(timeless(status))}`;
  if (applied.stands(key, wanted, standing)) return undefined;
  const metadata = { name, uid, ...(namespace !== undefined && { namespace }) };
  const body = { apiVersion: apiVersion(resource), kind: resource.kind, metadata, status };
  const place = { resource, name, ...(namespace !== undefined && { namespace }) };
  return {
    key,
    kind: resource.kind,
    signature: `${resourceVersion} ${wanted}`,
    run: async () => {
      const options = { fieldManager: fieldManager(settings), force: true, subresource: 'status' } as const;
      const written = await client.apply(place, body, options);
      known.wrote(key, written, true);
      applied.note(key, wanted, sortedJson(written['status']));
    },
  };
}

/** A time of transition alone is no reason to write again. */
function timeless(status: object): unknown {
  return JSON.parse(
    JSON.stringify(status, (key, value: unknown) => (key === 'lastTransitionTime' ? undefined : value)),
  );
}
