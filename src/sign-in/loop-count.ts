import { clearCookie, type CookieJar, setCookie } from '../session/cookies.ts';
import { limits } from '../session/limits.ts';
import { loopCookieName } from '../session/names.ts';
import type { Sealer } from '../session/seal.ts';
import { digest, openJson, sealJson } from './messages.ts';

/** So often may start and complete send a browser back to one path within 30 seconds; then a page is shown. */
export const returnsAllowed = 2;

const pathsKept = 8;

/** How often this browser was sent back, by path, and for which pools groups were just read again. */
export interface Loop {
  returnsTo(path: string): number;
  /** Groups of the pool were asked for again within the last seconds, whether that worked or not. */
  rereadSince(pool: string, time: number): boolean;
  /** Set-Cookie with one more return to `path`; `before` is the count that the attempt started with. */
  counted(path: string, before: number): string;
  rereadNoted(pool: string): string;
  /** The loop ended in a page: the next try counts from zero. */
  readonly cleared: string;
}

type Entry = readonly [key: string, value: number];

interface State {
  readonly at: number;
  readonly returns: readonly Entry[];
  readonly rereads: readonly Entry[];
}

/**
 * Returns are counted by the attempt they answer: ten tabs that started together each return with the count they
 * started with plus one, while a loop's next attempt starts with the count of its last return.
 */
export function readLoop(
  deps: { readonly sealer: Sealer; readonly now: () => number },
  jar: CookieJar,
  at: { readonly host: string; readonly route: string },
): Loop {
  const name = loopCookieName(at.route);
  const now = deps.now();
  const state = jar
    .all(name)
    .map((text) => open(deps.sealer, text, at.host))
    .find((found) => found !== undefined && now < found.at + limits.loopSeconds) ?? {
    at: now,
    returns: [],
    rereads: [],
  };
  const save = (next: Omit<State, 'at'>): string => {
    const text = sealJson(deps.sealer, 'loop', { host: at.host, pool: '' }, [now, next.returns, next.rereads]);
    return setCookie(name, text, { maxAge: limits.loopSeconds });
  };
  const countOf = (path: string): number => state.returns.find(([key]) => key === keyOf(path))?.[1] ?? 0;
  return {
    returnsTo: countOf,
    rereadSince: (pool, time) => state.rereads.some(([key, value]) => key === pool.slice(0, 8) && value >= time),
    counted: (path, before) =>
      save({ ...state, returns: replace(state.returns, [keyOf(path), Math.max(countOf(path), before + 1)]) }),
    rereadNoted: (pool) => save({ ...state, rereads: replace(state.rereads, [pool.slice(0, 8), now]) }),
    cleared: clearCookie(name),
  };
}

function keyOf(path: string): string {
  return digest('loop', path).slice(0, 11);
}

function replace(entries: readonly Entry[], entry: Entry): readonly Entry[] {
  return [entry, ...entries.filter(([key]) => key !== entry[0])].slice(0, pathsKept);
}

function open(sealer: Sealer, text: string, host: string): State | undefined {
  const opened = openJson(sealer, 'loop', text);
  if (opened === undefined || opened.host !== host || !Array.isArray(opened.value)) {
    return undefined;
  }
  const [at, returns, rereads] = opened.value as readonly unknown[];
  return typeof at === 'number' ? { at, returns: entriesOf(returns), rereads: entriesOf(rereads) } : undefined;
}

function entriesOf(value: unknown): readonly Entry[] {
  return (Array.isArray(value) ? (value as readonly unknown[]) : []).flatMap((entry) =>
    Array.isArray(entry) && typeof entry[0] === 'string' && typeof entry[1] === 'number'
      ? [[entry[0], entry[1]] as const]
      : [],
  );
}
