import { createHash } from 'node:crypto';
import type { KubeObject } from '../kubernetes/object.ts';

/** Something that people shall learn from `kubectl describe`. */
export interface Telling {
  readonly about: KubeObject;
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly action: string;
  readonly note: string;
  /** The object itself says it already: whoever led before has told. */
  readonly written: boolean;
  /** False: it is about to become true. */
  readonly ready: boolean;
}

export interface Reporter {
  readonly controllerName: string;
  readonly instance: string;
}

/** Limits of the API (k8s.io/api/events/v1). */
const longestNote = 1_024;
const longestInstance = 128;

export function tellingKey({ about, reason, note }: Telling): string {
  return `${about.metadata.uid}\0${reason}\0${note}`;
}

/** Where an event about a cluster-wide object goes, as Kubernetes does it. */
export function eventNamespace({ about }: Telling): string {
  return about.metadata.namespace ?? 'default';
}

/**
 * The name follows from what is told and from how many times it came back, so that a new leader, which can't know what
 * was told, meets the event of the old one.
 */
export function eventName(telling: Telling, recurrence: number): string {
  const hash = createHash('sha256')
    .update(`${tellingKey(telling)}\0${String(recurrence)}`)
    .digest('hex')
    .slice(0, 16);
  return `${telling.about.metadata.name.slice(0, 220)}.${hash}`;
}

export function eventObject(telling: Telling, name: string, seconds: number, reporter: Reporter): object {
  const { apiVersion, kind, metadata } = telling.about;
  const { name: objectName, namespace, uid, resourceVersion } = metadata;
  return {
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: { name, namespace: eventNamespace(telling) },
    eventTime: new Date(seconds * 1_000).toISOString().replace('Z', '000Z'),
    reportingController: `cognito-gate.dev/${reporter.controllerName}`,
    reportingInstance: reporter.instance.slice(0, longestInstance),
    action: telling.action,
    reason: telling.reason,
    type: telling.type,
    note: cut(telling.note),
    regarding: { apiVersion, kind, name: objectName, namespace, uid, resourceVersion },
  };
}

/** The limit is in bytes. */
function cut(note: string): string {
  if (Buffer.byteLength(note) <= longestNote) return note;
  const bytes = Buffer.from(note).subarray(0, longestNote - 4);
  return `${new TextDecoder().decode(bytes).replace(/\uFFFD+$/u, '')}…`;
}
