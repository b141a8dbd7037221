import type { Route } from '../model/route.ts';

/** Of a table: what is decided by route. */
export interface Decided {
  readonly pools: ReadonlyMap<string, unknown>;
  route(id: string): { readonly route: Route } | undefined;
}

/**
 * Remembers the last table that every replica decided by. While a newer one is on its way to the others, all that it
 * leaves as it was is decided everywhere still: one policy that changes says nothing about a thousand others.
 */
export interface SettledRoutes {
  everywhere(table: Decided): void;
  /** Whether the route is the same in this table and in the last one that was everywhere. */
  unchanged(table: Decided): (routeId: string) => boolean;
}

export function createSettledRoutes(): SettledRoutes {
  let last: Decided | undefined;
  return {
    everywhere: (table) => void (last = table),
    unchanged: (table) => {
      const before = last;
      if (before === undefined || !samePools(before, table)) return () => false;
      const known = new Map<string, boolean>();
      return (id) => {
        const answer = known.get(id) ?? sameRoute(before.route(id)?.route, table.route(id)?.route);
        known.set(id, answer);
        return answer;
      };
    },
  };
}

function sameRoute(before: Route | undefined, now: Route | undefined): boolean {
  return before !== undefined && (before === now || JSON.stringify(before) === JSON.stringify(now));
}

/** A pool's secret is not in its JSON, and not in what a policy decides either. */
function samePools({ pools: before }: Decided, { pools: now }: Decided): boolean {
  return JSON.stringify([...before.values()]) === JSON.stringify([...now.values()]);
}
