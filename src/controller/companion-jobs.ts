import type { KubeObject } from '../kubernetes/object.ts';
import { resources } from '../kubernetes/resources.ts';
import type { Applied } from './applied.ts';
import { companionChanges } from './companions.ts';
import type { Companion } from './companions.ts';
import type { Round, Writing } from './round.ts';
import { sortedJson } from './sorted-json.ts';
import { fieldManager, objectKey } from './world.ts';
import type { Job } from './write-queue.ts';

export interface CompanionWriting extends Writing {
  readonly applied: Applied;
}

export interface CompanionWork {
  readonly jobs: readonly Job[];
  /** Of Ingresses with very many hosts: everybody else comes first. */
  readonly later: readonly Job[];
  /** Names of companions that aren't there as they must be. */
  readonly missing: ReadonlySet<string>;
}

/** One tenant's Ingress can have thousands of hosts. */
const usualHosts = 20;

export function companionKey(name: string, { settings }: Pick<Writing, 'settings'>): string {
  return objectKey('Ingress', settings.releaseNamespace, name);
}

export function companionJobs(round: Round, writing: CompanionWriting): CompanionWork {
  const { settings } = writing;
  if (settings.companions === 'Manual') return { jobs: [], later: [], missing: new Set() };
  const { world, ingresses } = round;
  const changes = companionChanges(world.plans, ingresses, world.bypassed, settings);
  const write = changes.write.filter((companion) => {
    const key = companionKey(companion.name, writing);
    return !writing.applied.stands(key, sortedJson(companion.body), standing(ingresses.get(key)));
  });
  const { first = [], later = [] } = Object.groupBy(
    write.toSorted((a, b) => a.rank - b.rank),
    ({ rank }) => (rank < usualHosts ? 'first' : 'later'),
  );
  return {
    jobs: [
      ...first.map((companion) => writeJob(companion, ingresses, writing)),
      ...changes.remove.map((ingress) => removeJob(ingress, writing)),
    ],
    later: later.map((companion) => writeJob(companion, ingresses, writing)),
    missing: new Set(write.map(({ name }) => name)),
  };
}

/** What of a companion could be undone by applying it again. */
function standing(ingress: KubeObject | undefined): string {
  if (ingress === undefined) return '';
  const { labels, annotations, ownerReferences, uid } = ingress.metadata;
  return sortedJson({ labels, annotations, ownerReferences, uid, spec: ingress['spec'] });
}

function writeJob(companion: Companion, ingresses: Round['ingresses'], writing: CompanionWriting): Job {
  const { client, settings, known, applied } = writing;
  const key = companionKey(companion.name, writing);
  const place = { resource: resources.ingresses, namespace: settings.releaseNamespace, name: companion.name };
  const wanted = sortedJson(companion.body);
  return {
    key,
    kind: 'Companion',
    signature: `${ingresses.get(key)?.metadata.resourceVersion ?? ''} ${wanted}`,
    run: async () => {
      const options = { fieldManager: fieldManager(settings), force: true };
      const written = await client.apply(place, companion.body, options);
      known.wrote(key, written, ingresses.has(key));
      applied.note(key, wanted, standing(written));
    },
  };
}

function removeJob(ingress: KubeObject, writing: CompanionWriting): Job {
  const { name, uid, resourceVersion } = ingress.metadata;
  const key = companionKey(name, writing);
  const place = { resource: resources.ingresses, namespace: writing.settings.releaseNamespace, name };
  return {
    key,
    kind: 'Companion',
    signature: `${resourceVersion} removed`,
    run: async () => {
      await writing.client.remove(place, { uid });
      writing.known.removed(key, ingress);
    },
  };
}
