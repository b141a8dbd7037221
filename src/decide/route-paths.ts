import type { Route, RoutePath } from '../model/route.ts';
import { canonicalHost, wildcardOf } from './hosts.ts';
import { isUnder, readPath } from './paths.ts';

/** The route among those on a host whose Ingress path serves a raw path. */
export function routeOfPath(routes: readonly Route[], host: string, raw: string): Route | undefined {
  const form = readPath(raw);
  if (form.kind === 'malformed') return undefined;
  const readings = form.kind === 'plain' ? [form.path] : (form.readings ?? []);
  const [first, ...others] = readings.map((path) => longest(routes, canonicalHost(host), path));
  return others.every((route) => route === first) ? first : undefined;
}

/** Kubernetes: the longest path wins; Exact goes before Prefix. */
function longest(routes: readonly Route[], host: string, path: string): Route | undefined {
  let best: { readonly route: Route; readonly weight: number } | undefined;
  for (const route of routes) {
    for (const candidate of route.paths) {
      const weight = onHost(candidate, host) ? weigh(candidate, path) : -1;
      if (weight > (best?.weight ?? -1)) best = { route, weight };
    }
  }
  return best?.route;
}

function onHost(candidate: RoutePath, host: string): boolean {
  const named = candidate.host.toLowerCase();
  return named === host || named === wildcardOf(host);
}

/** -1: doesn't serve it. */
function weigh({ type, path: value }: RoutePath, path: string): number {
  if (type === 'Exact') return value === path ? Number.MAX_SAFE_INTEGER : -1;
  // ingress-nginx: without regular expressions a plain string prefix.
  if (type === 'ImplementationSpecific') return path.startsWith(value) ? value.length : -1;
  const prefix = value.replace(/\/+$/, '');
  return isUnder(path, prefix) ? value.length : -1;
}
