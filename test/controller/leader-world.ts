import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Finding } from '../../src/model/finding.ts';
import type { KubeClient } from '../../src/kubernetes/client.ts';
import type { KubeObject } from '../../src/kubernetes/object.ts';
import { resources } from '../../src/kubernetes/resources.ts';
import { createLeader } from '../../src/controller/leader.ts';
import type { World } from '../../src/controller/leader.ts';
import type { ControllerSettings } from '../../src/controller/world.ts';

export type Made = Partial<Omit<World, 'objects'>>;

/** A leader, and worlds made from what the API server has: what translation and reflectors do elsewhere. */
export interface Lab {
  /** Changes what every world is made from, and offers one. */
  set(make: (ingresses: readonly KubeObject[]) => Made): Promise<void>;
  lead(leading: boolean): void;
  readonly writes: string[];
  findings(): readonly Finding[];
  /** Moves the clock on. */
  wait(seconds: number): void;
  /** The clock that people read is set. */
  jump(seconds: number): void;
  stop(): Promise<void>;
}

interface LabOptions {
  readonly client: KubeClient;
  readonly settings: ControllerSettings;
}

const kinds = {
  Ingress: resources.ingresses,
  AccessPolicy: resources.accessPolicies,
  ClusterAccessPolicy: resources.clusterAccessPolicies,
  CognitoPool: resources.cognitoPools,
  SessionRevocation: resources.sessionRevocations,
} as const;

export function startLab({ client, settings }: LabOptions): Lab {
  let make: (ingresses: readonly KubeObject[]) => Made = () => ({});
  let [leading, skipped, jumped]: [boolean, number, number] = [true, 0, 0];
  let extra: readonly Finding[] = [];
  const writes: string[] = [];
  const stopping = new AbortController();
  const leader = createLeader({
    client,
    settings,
    now: () => Date.now() / 1_000 + skipped + jumped,
    steady: () => performance.now() / 1_000 + skipped,
    leading: () => leading,
    log: {
      info: () => undefined,
      warn: () => undefined,
      error: (fields) => writes.push(`error ${JSON.stringify(fields)}`),
    },
    onWrite: (kind, outcome) => void writes.push(`${kind} ${outcome}`),
    onFindings: (findings) => (extra = findings),
  });
  /** One after the other: a watch never goes back. */
  let offers = Promise.resolve();
  const offer = async (): Promise<void> => {
    offers = offers.then(look);
    await offers;
  };
  let all: ReadonlyMap<string, readonly KubeObject[]> = new Map();
  const look = async (): Promise<void> => {
    const names = Object.keys(kinds) as (keyof typeof kinds)[];
    const lists = names.map(async (kind) => [kind, (await client.list({ resource: kinds[kind] })).items] as const);
    // While the API server is away, the last objects stay.
    all = await Promise.all(lists).then(
      (read) => new Map(read),
      () => all,
    );
    const objects = all;
    const empty = {
      plans: [],
      policies: [],
      pools: [],
      revocations: [],
      rotating: new Set<string>(),
      isReadEverywhere: () => true,
      poolStates: new Map(),
      findings: [],
      bypassed: new Set<string>(),
    };
    const made = make(objects.get('Ingress') ?? []);
    leader.offer({ ...empty, everywhere: true, replicas: 2, ...made, objects: (kind) => objects.get(kind) ?? [] });
  };
  const watching = (async () => {
    while (!stopping.signal.aborted) {
      await offer();
      await sleep(50);
    }
  })();
  const running = leader.run(stopping.signal);
  return {
    set: async (newer) => {
      make = newer;
      await offer();
    },
    lead: (now) => (leading = now),
    writes,
    findings: () => extra,
    wait: (seconds) => (skipped += seconds),
    jump: (seconds) => (jumped += seconds),
    stop: async () => {
      stopping.abort();
      await Promise.all([watching, running]);
    },
  };
}

export async function until<T>(
  what: string,
  look: () => Promise<T | undefined | false> | T | undefined | false,
): Promise<T> {
  for (let tries = 0; tries < 200; tries += 1) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    await sleep(50);
  }
  return assert.fail(`waited in vain until ${what}`);
}

/** So long that anything that is written again and again shows. */
export async function quiet(lab: Lab): Promise<readonly string[]> {
  const before = lab.writes.length;
  await sleep(700);
  return lab.writes.slice(before);
}
