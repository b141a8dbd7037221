import { createBoundedCache } from './bounded-cache.ts';
import type { Clock } from './clock.ts';

/** What one person may take of the refreshes of a replica, however many browsers they have signed in with. */
export interface RefreshShares {
  /** One more of this person goes with those that are waited for. */
  mayHurry(person: string): boolean;
  /** One more of this person stands in line. */
  mayStand(person: string): boolean;
  stands(person: string): void;
  left(person: string): void;
}

const hurriedInASecond = 2;
const standing = 20;

/**
 * Whoever signs in a thousand times, which costs nothing while Cognito's own session lasts, could otherwise ask for so
 * much at once that nobody else's groups are read before their tokens expire, and nobody's after that.
 */
export function createRefreshShares(clock: Clock): RefreshShares {
  const hurried = createBoundedCache<{ readonly from: number; readonly count: number }>({
    entries: 10_000,
    bytes: Infinity,
  });
  const inLine = new Map<string, number>();
  return {
    mayHurry(person) {
      const now = clock.milliseconds();
      const last = hurried.get(person);
      const { from, count } = last !== undefined && now < last.from + 1000 ? last : { from: now, count: 0 };
      if (count >= hurriedInASecond) return false;
      hurried.set(person, { from, count: count + 1 }, 0);
      return true;
    },
    mayStand: (person) => (inLine.get(person) ?? 0) < standing,
    stands: (person) => void inLine.set(person, (inLine.get(person) ?? 0) + 1),
    left(person) {
      const count = (inLine.get(person) ?? 0) - 1;
      if (count > 0) inLine.set(person, count);
      else inLine.delete(person);
    },
  };
}
