import type { Route } from '../model/route.ts';

/** T13: one spelling for each host. What isn't ASCII matches nothing: clients send punycode. */
export function canonicalHost(host: string): string {
  return host
    .toLowerCase()
    .replace(/:\d{1,5}$/, '')
    .replace(/\.$/, '');
}

/** `shop.example.com` is covered by `*.example.com`, by one label as Kubernetes says. */
export function wildcardOf(host: string): string | undefined {
  const dot = host.indexOf('.');
  return dot < 1 ? undefined : `*${host.slice(dot)}`;
}

/** Which routes name a host. A wildcard doesn't own a host that some route names. */
export interface Hosts {
  on(host: string): readonly Route[];
  owns(route: Route, host: string): boolean;
}

export function indexHosts(routes: readonly Route[]): Hosts {
  const byHost = new Map<string, Route[]>();
  for (const route of routes) {
    for (const host of new Set(route.hosts.map((name) => name.toLowerCase()))) {
      const named = byHost.get(host);
      if (named === undefined) byHost.set(host, [route]);
      else named.push(route);
    }
  }
  const on = (host: string): readonly Route[] => {
    const name = canonicalHost(host);
    if (name.startsWith('*')) return [];
    return byHost.get(name) ?? byHost.get(wildcardOf(name) ?? '') ?? [];
  };
  return { on, owns: (route, host) => on(host).includes(route) };
}
