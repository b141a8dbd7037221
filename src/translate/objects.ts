import type { ObjectRef } from '../model/finding.ts';
import type { SourceObject } from '../model/snapshot.ts';
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

export interface Sorted {
  readonly ingresses: readonly Entry[];
  readonly policies: readonly Entry[];
  readonly pools: readonly Entry[];
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

type Family = 'ingresses' | 'policies' | 'pools';

/** Lenient about a missing apiVersion: such an object is broken, not invisible. */
function familyOf(group: string, kind: string): Family | undefined {
  if (kind === 'Ingress' && ['networking.k8s.io', 'extensions', ''].includes(group)) return 'ingresses';
  if (group !== apiGroup && group !== '') return undefined;
  if (kind === 'AccessPolicy') return 'policies';
  return kind === 'CognitoPool' ? 'pools' : undefined;
}

const later = ['ClusterAccessPolicy', 'SessionRevocation'];

function ignored(ref: ObjectRef, group: string, value: Json): Report {
  const report = createReport(ref);
  if (group === apiGroup && later.includes(ref.kind)) {
    report.error('NotYetSupported', 'kind', `${ref.kind} is not built yet and has no effect: remove it`);
  } else if (group === apiGroup) {
    report.error('KindIgnored', 'kind', 'there is no such kind: write AccessPolicy or CognitoPool');
  } else if (ref.kind === '' || typeof value['apiVersion'] !== 'string') {
    report.error('Invalid', 'kind', 'not a Kubernetes object: apiVersion and kind must be there');
  } else {
    report.warn('KindIgnored', 'kind', 'this kind is not read: only Ingress, AccessPolicy and CognitoPool are');
  }
  return report;
}

function named(ref: ObjectRef): Report | undefined {
  const report = createReport(ref);
  if (!namespaceName.safeParse(ref.namespace).success) {
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

/** Sorts documents by what they describe; the result doesn't depend on their order. */
export function sortObjects(objects: readonly SourceObject[]): Sorted {
  const found = {
    ingresses: new Map<string, Json[]>(),
    policies: new Map<string, Json[]>(),
    pools: new Map<string, Json[]>(),
  };
  const refs = new Map<string, ObjectRef>();
  const others: Report[] = [];
  for (const { value } of objects) {
    const json = asJson(value);
    const metadata = asJson(json['metadata']);
    const group = groupOf(asText(json['apiVersion']));
    const ref = {
      kind: asText(json['kind']),
      namespace: asText(metadata['namespace']),
      name: asText(metadata['name']),
    };
    const family = familyOf(group, ref.kind);
    const unread = family === undefined ? ignored(ref, group, json) : named(ref);
    if (family === undefined || unread !== undefined) {
      if (unread !== undefined) others.push(unread);
      continue;
    }
    const id = `${ref.namespace}/${ref.name}`;
    refs.set(`${family}/${id}`, ref);
    found[family].set(id, [...(found[family].get(id) ?? []), json]);
  }
  const entries = (family: Family): readonly Entry[] =>
    [...found[family]]
      .flatMap(([id, values]) => {
        const ref = refs.get(`${family}/${id}`);
        return ref === undefined
          ? []
          : [{ ref, values: settled(values), report: reportDuplicates(ref, values.length) }];
      })
      .toSorted(byName);
  return { ingresses: entries('ingresses'), policies: entries('policies'), pools: entries('pools'), others };
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
