import { createHash } from 'node:crypto';

import type { Pool, PoolId } from '../model/pool.ts';
import { createUserPool, type UserPool, type UserPoolDeps } from './user-pool.ts';

/** The user pools in use, one for each content: a new table with the same pools keeps their keys. */
export interface UserPools {
  of(pool: Pool): UserPool;
  all(): readonly UserPool[];
  /** Lets go of pools that are no longer in the table. */
  retain(ids: ReadonlySet<PoolId>): void;
  stop(): void;
}

export function createUserPools(depsOf: (pool: Pool) => UserPoolDeps): UserPools {
  const kept = new Map<PoolId, { readonly content: string; readonly userPool: UserPool }>();
  const contents = new WeakMap<Pool, string>();
  const contentOf = (pool: Pool): string => {
    const content = contents.get(pool) ?? digest(pool);
    contents.set(pool, content);
    return content;
  };
  const drop = (id: PoolId): void => {
    kept.get(id)?.userPool.stop();
    kept.delete(id);
  };
  return {
    of(pool) {
      const content = contentOf(pool);
      const known = kept.get(pool.id);
      if (known?.content === content) {
        return known.userPool;
      }
      drop(pool.id);
      const userPool = createUserPool(pool, depsOf(pool));
      kept.set(pool.id, { content, userPool });
      return userPool;
    },
    all: () => [...kept.values()].map((one) => one.userPool),
    retain(ids) {
      for (const id of kept.keys()) {
        if (!ids.has(id)) {
          drop(id);
        }
      }
    },
    stop() {
      for (const id of kept.keys()) {
        drop(id);
      }
    },
  };
}

/**
 * The secret with it: its JSON form hides it. Without what is never asked of a user pool: another list of clients must not
 * cost the keys that are known.
 */
function digest(pool: Pool): string {
  return createHash('sha256')
    .update(JSON.stringify([{ ...pool, machineClients: undefined }, pool.clientSecret?.reveal() ?? null]))
    .digest('base64url');
}
