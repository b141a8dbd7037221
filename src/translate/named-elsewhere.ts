import { wildcardOf } from '../decide/hosts.ts';
import type { NamedHost } from '../decide/hosts.ts';
import { writtenPaths } from './hosts.ts';
import type { Entry } from './objects.ts';
import type { Standing } from './plans.ts';

/** Hosts under a wildcard of a route that somebody names who is no route: unprotected, or of another installation. */
export function namedElsewhere(standings: readonly Standing[], elsewhere: readonly Entry[]): readonly NamedHost[] {
  const wildcards = new Set(
    standings.flatMap(({ route }) => route?.hosts.filter((host) => host.startsWith('*')) ?? []),
  );
  if (wildcards.size === 0) return [];
  const open = standings.filter(({ route, facts }) => route === undefined && !facts.ours);
  const named = [
    ...open.map(({ facts }) => ({ namespace: facts.ingress.ref.namespace, hosts: facts.hosts })),
    ...elsewhere.map((entry) => ({
      namespace: entry.ref.namespace,
      hosts: [...new Set(writtenPaths(entry).map(({ host }) => host))],
    })),
  ];
  return named.flatMap(({ namespace, hosts }) =>
    hosts.filter((host) => wildcards.has(wildcardOf(host) ?? '')).map((host) => ({ host, namespace })),
  );
}
