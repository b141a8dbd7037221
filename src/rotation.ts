import type { PoolId } from './model/pool.ts';

/** What one replica has found out about pools that answer a refresh with another refresh token, the others have to know. */
export interface Rotation {
  rotating(): ReadonlySet<PoolId>;
  noteRotating(pool: PoolId): void;
  /** From now on it is known and noted there (the freshness of sessions). */
  follow(knower: Pick<Rotation, 'rotating' | 'noteRotating'>): void;
}

export function createRotation(): Rotation {
  const noted = new Set<PoolId>();
  let knower: Pick<Rotation, 'rotating' | 'noteRotating'> = {
    rotating: () => noted,
    noteRotating: (pool) => void noted.add(pool),
  };
  return {
    rotating: () => knower.rotating(),
    noteRotating: (pool) => knower.noteRotating(pool),
    follow: (one) => {
      knower = one;
      for (const pool of noted) one.noteRotating(pool);
    },
  };
}
