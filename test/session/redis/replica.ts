import { randomBytes } from 'node:crypto';

import type { TokenState } from '../../../src/model/session.ts';
import { createSealer, type Sealer } from '../../../src/session/seal.ts';
import type { RedisSettings } from '../../../src/session/redis/settings.ts';
import { openRedisStore } from '../../../src/session/redis/store.ts';
import type { StateStore, StoredState } from '../../../src/session/state-store.ts';
import { until } from '../../support/until.ts';
import { identity, noon, pool, refreshToken, ringOf } from '../samples.ts';

const ring = ringOf('k1');
const realNow = (): number => Math.floor(Date.now() / 1000);

/** A store as one replica has it, and what it told. */
export interface ReplicaStore extends StateStore {
  readonly log: string[];
  readonly observed: string[];
  readonly reachable: boolean[];
  /** Says that there is an answer without asking Redis. */
  knows(sid: string): boolean;
  groups(sid: string): Promise<string | undefined>;
}

export function sealerOf(open = ring): Sealer {
  return createSealer({ ring: () => open, now: () => noon, random: randomBytes });
}

export async function openReplica(
  settings: Partial<RedisSettings> & Pick<RedisSettings, 'urls'>,
  sealer: Sealer = sealerOf(),
): Promise<ReplicaStore> {
  const log: string[] = [];
  const observed: string[] = [];
  const reachable: boolean[] = [];
  const store = await openRedisStore(
    { cluster: false, database: 0, keyPrefix: 'cognito-gate:', unreachableFor: 300, ...settings },
    {
      sealer,
      now: realNow,
      random: randomBytes,
      log: (level, message) => void log.push(`${level} ${message}`),
      observe: (operation, outcome) => void observed.push(`${operation} ${outcome}`),
      reachable: (is) => void reachable.push(is),
    },
  );
  return {
    ...store,
    log,
    observed,
    reachable,
    knows: (sid) => !(store.load(sid, pool) instanceof Promise),
    groups: async (sid) => groupsOf(await store.load(sid, pool)),
  };
}

export const inAnHour = (): number => realNow() + 3600;

function groupsOf(stored: StoredState | undefined): string | undefined {
  return stored === undefined ? undefined : [...stored.state.identity.groups.names].join(',');
}

export function stateWith(...groups: readonly string[]): TokenState {
  return {
    identity: identity({ groups: { names: new Set(groups), judged: undefined } }),
    checkedAt: noon,
    tokensExpireAt: noon + 3600,
    refreshToken: refreshToken(),
    rotates: true,
  };
}

export function newSid(): string {
  return randomBytes(16).toString('base64url');
}

/** A sign-in that the replica has a copy of. */
export async function knownSid(store: ReplicaStore): Promise<string> {
  const sid = newSid();
  await store.create(sid, pool, stateWith('staff'), inAnHour());
  await until(async () => (await store.groups(sid)) === 'staff' && store.knows(sid), 'a copy');
  return sid;
}

/** Whether the store can be asked. */
export async function answers(store: ReplicaStore): Promise<boolean> {
  return await store.groups(newSid()).then(
    () => true,
    () => false,
  );
}

export { pool };
