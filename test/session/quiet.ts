import type { EndedSids } from '../../src/session/ended-sids.ts';
import type { Freshness } from '../../src/session/freshness.ts';
import { createCookieStore, type StateStore } from '../../src/session/state-store.ts';

/** For tests of other things: cookies carry everything, nothing is ever refreshed. */
export function quiet(ended: EndedSids): { store: StateStore; freshness: Freshness; ended: EndedSids } {
  const freshness: Freshness = {
    newest: (_sid, state) => state,
    background: () => undefined,
    refresh: async () => ({ kind: 'impossible' }),
    rotating: () => new Set(),
    noteRotating: () => undefined,
    known: 0,
  };
  return { store: createCookieStore(), freshness, ended };
}
