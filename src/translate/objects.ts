import type { ObjectRef } from '../model/finding.ts';
import { defaultController } from '../model/snapshot.ts';
import type { SourceObject } from '../model/snapshot.ts';
import { annotationPrefix } from '../schema/annotations.ts';
import { apiGroup } from '../schema/api.ts';
import { namespaceName, objectName } from '../schema/fields.ts';
import { createReport } from './report.ts';
import type { Report } from './report.ts';

/** All documents that describe one object: more than one is a mistake, whichever came first. */
export interface Entry {
  readonly ref: ObjectRef;
  readonly values: readonly Json[];
  readonly report: Report;
}

export type Json = Readonly<Record<string, unknown>>;

export type Family =
  | 'ingresses'
  | 'policies'
  | 'clusterPolicies'
  | 'pools'
  | 'revocations'
  | 'namespaces'
  | 'ingressClasses';

export interface Sorted extends Readonly<Record<Family, readonly Entry[]>> {
  /** Ingresses of other installations. */
  readonly elsewhere: readonly Entry[];
  /** Reports about everything that is not read. */
  readonly others: readonly Report[];
}

export function asJson(value: unknown): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {};
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value.replace(/\p{Cc}/gu, '?').slice(0, 254) : '';
}

function groupOf(apiVersion: string): string {
  return apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '';
}

const ownKinds: ReadonlyMap<string, Family> = new Map([
  ['AccessPolicy', 'policies'],
  ['ClusterAccessPolicy', 'clusterPolicies'],
  ['CognitoPool', 'pools'],
  ['SessionRevocation', 'revocations'],
]);

const clusterScoped: ReadonlySet<Family> = new Set(['clusterPolicies', 'namespaces', 'ingressClasses']);
/** What is so for every installation. */
const facts: ReadonlySet<Family> = new Set(['namespaces', 'ingressClasses']);

/** Lenient about a missing apiVersion: such an object is broken, not invisible. */
function familyOf(group: string, kind: string): Family | undefined {
  if (kind === 'Ingress' && ['networking.k8s.io', 'extensions', ''].includes(group)) return 'ingresses';
  if (kind === 'IngressClass' && group === 'networking.k8s.io') return 'ingressClasses';
  if (kind === 'Namespace' && group === '') return 'namespaces';
  return group === apiGroup || group === '' ? ownKinds.get(kind) : undefined;
}

function ignored(ref: ObjectRef, group: string, value: Json): Report {
  const report = createReport(ref);
  if (group === apiGroup) {
    const kinds = [...ownKinds.keys()].join(', ');
    report.error('KindIgnored', 'kind', `there is no such kind: write one of ${kinds}`);
  } else if (ref.kind === '' || typeof value['apiVersion'] !== 'string') {
    report.error('Invalid', 'kind', 'not a Kubernetes object: apiVersion and kind must be there');
  } else {
    report.warn(
      'KindIgnored',
      'kind',
      'this kind is not read: only Ingresses, their classes, Namespaces and our own are',
    );
  }
  return report;
}

function misnamed(ref: ObjectRef, family: Family): Report | undefined {
  const report = createReport(ref);
  if (!clusterScoped.has(family) && !namespaceName.safeParse(ref.namespace).success) {
    report.error('Invalid', 'metadata.namespace', 'must be the name of a namespace: add it');
  }
  if (!objectName.safeParse(ref.name).success)
    report.error('Invalid', 'metadata.name', 'must be a Kubernetes name: add it');
  return report.findings.length > 0 ? report : undefined;
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function byName(a: Entry, b: Entry): number {
  return compare(a.ref.namespace, b.ref.namespace) || compare(a.ref.name, b.ref.name);
}

/** Kubernetes' own way to write many objects into one document; `kubectl get -o yaml` prints it. */
function expanded(value: unknown, depth = 0): readonly Json[] {
  const json = asJson(value);
  const items = json['items'];
  if (json['kind'] !== 'List' || json['apiVersion'] !== 'v1' || !Array.isArray(items) || depth > 2) return [json];
  return items.flatMap((item) => expanded(item, depth + 1));
}

/** Two installations in one cluster never touch each other's objects. */
function controllerOf(json: Json): string {
  const written = asJson(asJson(json['metadata'])['annotations'])[`${annotationPrefix}controller`];
  return typeof written === 'string' ? written : defaultController;
}

interface Sorting {
  readonly found: Readonly<Record<Family, Map<string, { readonly ref: ObjectRef; readonly values: Json[] }>>>;
  /** By `namespace/name`. */
  readonly elsewhere: Map<string, { readonly ref: ObjectRef; readonly values: Json[] }>;
  readonly others: Report[];
}

function refOf(json: Json, family: Family | undefined): ObjectRef {
  const metadata = asJson(json['metadata']);
  const placeless = family !== undefined && clusterScoped.has(family);
  return {
    kind: asText(json['kind']),
    namespace: placeless ? '' : asText(metadata['namespace']),
    name: asText(metadata['name']),
  };
}

/** What an object says of itself; objects are never edited, and there may be thousands that are as they were. */
interface Placed {
  readonly group: string;
  readonly family: Family | undefined;
  readonly ref: ObjectRef;
  readonly id: string;
  /** The installation that it names; undefined: none. */
  readonly controller: string;
  readonly named: boolean;
}

const known = new WeakMap<Json, Placed>();

function placedOf(json: Json): Placed {
  const earlier = known.get(json);
  if (earlier !== undefined) return earlier;
  const group = groupOf(asText(json['apiVersion']));
  const family = familyOf(group, asText(json['kind']));
  const ref = refOf(json, family);
  const named = family === undefined || misnamed(ref, family) === undefined;
  const placed = { group, family, ref, id: `${ref.namespace}/${ref.name}`, controller: controllerOf(json), named };
  known.set(json, placed);
  return placed;
}

function place(json: Json, controllerName: string, { found, elsewhere, others }: Sorting): void {
  const { group, family, ref, id, controller, named } = placedOf(json);
  if (family === undefined) return void others.push(ignored(ref, group, json));
  const away = !facts.has(family) && controller !== controllerName;
  if (away && family !== 'ingresses') return undefined;
  const unnamed = named ? undefined : misnamed(ref, family);
  if (unnamed !== undefined) return void (away || others.push(unnamed));
  const all = away ? elsewhere : found[family];
  const before = all.get(id);
  if (before !== undefined) return void before.values.push(json);
  return void all.set(id, { ref, values: [json] });
}

/** Sorts documents by what they describe; the result doesn't depend on their order. */
export function sortObjects(objects: readonly SourceObject[], controllerName: string): Sorted {
  const sorting: Sorting = {
    found: {
      ingresses: new Map(),
      policies: new Map(),
      clusterPolicies: new Map(),
      pools: new Map(),
      revocations: new Map(),
      namespaces: new Map(),
      ingressClasses: new Map(),
    },
    elsewhere: new Map(),
    others: [],
  };
  for (const { value } of objects) {
    for (const json of expanded(value)) place(json, controllerName, sorting);
  }
  const sorted = (found: Sorting['elsewhere']): readonly Entry[] =>
    [...found.values()]
      .map(({ ref, values }) => ({ ref, values: settled(values), report: reportDuplicates(ref, values.length) }))
      .toSorted(byName);
  const entries = (family: Family): readonly Entry[] => sorted(sorting.found[family]);
  for (const id of sorting.found.ingresses.keys()) sorting.elsewhere.delete(id);
  return {
    ingresses: entries('ingresses'),
    policies: entries('policies'),
    clusterPolicies: entries('clusterPolicies'),
    pools: entries('pools'),
    revocations: entries('revocations'),
    namespaces: entries('namespaces'),
    ingressClasses: entries('ingressClasses'),
    elsewhere: sorted(sorting.elsewhere),
    others: sorting.others,
  };
}

function textOf(value: Json): string {
  try {
    return JSON.stringify(value);
  } catch {
    // TypeError: something that JSON can't say. It has no place among duplicates then, and is broken like them.
    return '';
  }
}

/** Which of several documents came first must not show. */
function settled(values: readonly Json[]): readonly Json[] {
  if (values.length < 2) return values;
  return values.toSorted((a, b) => compare(textOf(a), textOf(b)));
}

function reportDuplicates(ref: ObjectRef, count: number): Report {
  const report = createReport(ref);
  if (count > 1) report.error('DuplicateObject', '', `${count} documents describe it: keep one`);
  return report;
}
