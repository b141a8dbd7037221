import { createBoundedCache } from '../session/bounded-cache.ts';

/** Whether a sign-in may be read once more because its person asks for it: three times within ten seconds. */
export type FewChecks = (sid: string) => boolean;

const within = 10;
const most = 3;

/** One person must not use up what this replica may ask of Cognito. */
export function createFewChecks(now: () => number): FewChecks {
  const known = createBoundedCache<{ readonly from: number; readonly count: number }>({
    entries: 10_000,
    bytes: Infinity,
  });
  return (sid) => {
    const at = now();
    const before = known.get(sid);
    const { from, count } = before !== undefined && at < before.from + within ? before : { from: at, count: 0 };
    known.set(sid, { from, count: count + 1 }, 0);
    return count < most;
  };
}
