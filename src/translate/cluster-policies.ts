import type { FindingReason } from '../model/finding.ts';
import type { Policy } from '../model/policy.ts';
import type { Installation } from '../model/snapshot.ts';
import { clusterAccessPolicy } from '../schema/cluster-access-policy.ts';
import type { ClusterAccessPolicySpec } from '../schema/cluster-access-policy.ts';
import { mayDefault, readSelector, selects } from './ingress-selector.ts';
import type { IngressSelector, Surroundings } from './ingress-selector.ts';
import type { Namespaces } from './namespaces.ts';
import type { Entry } from './objects.ts';
import { denied, entriesOf } from './entries.ts';
import type { Entries, PoolRef } from './entries.ts';
import { mistakeOf, poolsOf, rulesOf } from './policies.ts';
import type { Reading } from './policies.ts';
import { clusterScope } from './pools.ts';
import type { Pools } from './pools.ts';
import { createReport, parse } from './report.ts';
import type { Report } from './report.ts';

/** What decides where neither a policy nor an annotation speaks. */
export interface Fallback {
  /** In no namespace, and named as the ClusterAccessPolicy. */
  readonly policy: Policy | undefined;
  readonly reason: FindingReason | undefined;
  /** The first mistake, with its field; empty where there is none. */
  readonly mistake: string;
  /** Its pools as `namespace/name`: whether they are for the namespace of a route is asked there. */
  readonly pools: readonly string[];
}

/** What must hold whatever a namespace writes. */
export interface Required {
  readonly deny: Entries;
  readonly publicRules: 'Allow' | 'ExactPathsOnly' | 'Forbid';
}

/** What a ClusterAccessPolicy came to. */
export interface ClusterPolicyEntry {
  readonly name: string;
  /** Whether it makes a route of an Ingress that nothing else protects. */
  readonly protects: boolean;
  /** It counts as selecting an Ingress only because the labels of the namespace aren't known (yet). */
  readonly assumed: boolean;
  readonly fallback: Fallback | undefined;
  readonly required: Required;
  /** Why it can't be read: every route that it selects refuses. */
  readonly reason: FindingReason | undefined;
  /** The first mistake, with its field; empty where there is none. */
  readonly mistake: string;
  readonly entry: Entry;
}

export interface ClusterPolicies {
  /** By name. */
  readonly entries: readonly ClusterPolicyEntry[];
  /**
   * The ones that select an Ingress, by name; one whose selector can't be read selects all. An Ingress is protected by
   * them alone where one of them `protects`.
   */
  selecting(ingress: Entry): readonly ClusterPolicyEntry[];
  /**
   * False: what protects an Ingress here is only assumed. Protection by that alone must not stay for ever: begin it
   * with `mark`, so that it goes once the labels are known and select the Ingress no more.
   */
  certain(ingress: Entry): boolean;
}

const nothing: Required = { deny: { people: [], machines: [] }, publicRules: 'Allow' };

interface Reader {
  readonly entry: Entry;
  readonly pools: Pools;
  readonly installation: Installation;
}

function readingOf({ pools, installation }: Reader, report: Report): Reading {
  return { pools, installation, namespace: clusterScope, report };
}

/** A mistake in it closes the routes that it decides, and leaves alone those that have a policy of their own. */
function fallbackOf(spec: ClusterAccessPolicySpec, reader: Reader): Fallback | undefined {
  if (spec.default === undefined) return undefined;
  const { ref, report } = reader.entry;
  const own = createReport(ref);
  const reading = readingOf(reader, own);
  const ids = poolsOf(spec.poolRefs, reading);
  const policy: Policy = {
    namespace: clusterScope,
    name: ref.name,
    pools: ids,
    corsPreflight: spec.default.corsPreflight,
    allowedOrigins: spec.default.allowedOrigins ?? [],
    ...denied([entriesOf({ specs: spec.default.deny ?? [], field: 'spec.default.deny', ids }, reading)]),
    rules: rulesOf({ specs: spec.default.rules, field: 'spec.default.rules', ids }, reading),
  };
  report.findings.push(...own.findings);
  const reason = own.broken();
  const usual = reader.installation.defaultPool === undefined ? [] : [reader.installation.defaultPool];
  const pools = spec.poolRefs?.map(({ namespace, name }) => `${namespace}/${name}`) ?? usual;
  return { policy: reason === undefined ? policy : undefined, reason, mistake: mistakeOf(own), pools };
}

/** Nobody has a session of a pool that can't be used: an entry about it is left out instead of closing every route. */
function isJudged(pool: PoolRef, pools: Pools): boolean {
  const found = pools.byName.get(`${pool.namespace ?? ''}/${pool.name}`);
  return found === undefined || found.pool !== undefined;
}

function requiredOf(spec: ClusterAccessPolicySpec, reader: Reader): Required {
  const { deny = [], publicRules = 'Allow' } = spec.required ?? {};
  const { report } = reader.entry;
  const reading = readingOf(reader, report);
  const field = 'spec.required.deny';
  const unusable = (pool: PoolRef | undefined): boolean => pool !== undefined && !isJudged(pool, reader.pools);
  const omit = new Set<number>();
  for (const [index, entry] of deny.entries()) {
    if (!unusable(entry.pool ?? entry.machine?.pool)) continue;
    const at = `${field}[${index}]${entry.machine === undefined ? '' : '.machine'}.pool`;
    report.warn('PoolInvalid', at, 'the pool can not be used, nobody signs in there: see what is said about it');
    omit.add(index);
  }
  return { deny: entriesOf({ specs: deny, field, omit }, reading), publicRules };
}

interface Read {
  readonly selectors: readonly IngressSelector[];
  readonly policy: ClusterPolicyEntry;
}

function readPolicy(reader: Reader): Read {
  const { entry } = reader;
  const [only, second] = entry.values;
  const spec =
    only === undefined || second !== undefined ? undefined : parse(clusterAccessPolicy, only, entry.report)?.spec;
  const required = spec === undefined ? nothing : requiredOf(spec, reader);
  const reason = entry.report.broken();
  const mistake = mistakeOf(entry.report);
  const fallback = spec === undefined ? undefined : fallbackOf(spec, reader);
  const selectors = entry.values.map(readSelector).filter((selector) => selector !== undefined);
  const readable = selectors.length > 0 && selectors.length === entry.values.length;
  const defaults = spec === undefined ? entry.values.some(mayDefault) : fallback !== undefined;
  return {
    selectors: readable ? selectors : [{ classes: undefined, labels: undefined }],
    policy: {
      name: entry.ref.name,
      protects: readable && defaults,
      assumed: false,
      fallback,
      required,
      reason,
      mistake,
      entry,
    },
  };
}

function selectedOf(read: readonly Read[], ingress: Entry, known: Surroundings): readonly ClusterPolicyEntry[] {
  return read.flatMap(({ selectors, policy }) => {
    const found = selectors.filter((selector) => selects(selector, ingress, known));
    if (found.length === 0) return [];
    return { ...policy, assumed: known.labels === undefined && found.every(({ labels }) => labels !== undefined) };
  });
}

export interface Around {
  readonly namespaces: Namespaces;
  /** Names of the IngressClasses. */
  readonly classes: ReadonlySet<string>;
}

/** Pure, but for what it says in the reports of the entries. */
export function readClusterPolicies(
  entries: readonly Entry[],
  pools: Pools,
  installation: Installation,
  { namespaces, classes }: Around,
): ClusterPolicies {
  const read = entries.map((entry) => readPolicy({ entry, pools, installation }));
  const selecting = (ingress: Entry): readonly ClusterPolicyEntry[] =>
    selectedOf(read, ingress, { labels: namespaces.labelsOf(ingress.ref.namespace), classes });
  return {
    entries: read.map(({ policy }) => policy),
    selecting,
    certain: (ingress) => {
      const protecting = selecting(ingress).filter(({ protects }) => protects);
      return protecting.length === 0 || protecting.some(({ assumed }) => !assumed);
    },
  };
}
