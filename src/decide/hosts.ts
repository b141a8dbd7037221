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

/** A host that an Ingress names without being a route. */
export interface NamedHost {
  readonly host: string;
  readonly namespace: string;
}

/**
 * Which routes name a host. A wildcard doesn't own a host that some route names; nor one that an Ingress of another
 * namespace does: whoever that is serves the host, so its sessions must not be good at the wildcard's other hosts (P27).
 */
export interface Hosts {
  on(host: string): readonly Route[];
  owns(route: Route, host: string): boolean;
}

export function indexHosts(routes: readonly Route[], elsewhere: readonly NamedHost[] = []): Hosts {
  const byHost = new Map<string, Route[]>();
  for (const route of routes) {
    for (const host of new Set(route.hosts.map((name) => name.toLowerCase()))) {
      const named = byHost.get(host);
      if (named === undefined) byHost.set(host, [route]);
      else named.push(route);
    }
  }
  const namers = new Map<string, readonly string[]>();
  for (const { host, namespace } of elsewhere) namers.set(host, [...(namers.get(host) ?? []), namespace]);
  const on = (host: string): readonly Route[] => {
    const name = canonicalHost(host);
    if (name.startsWith('*')) return [];
    const named = byHost.get(name);
    if (named !== undefined) return named;
    const wild = byHost.get(wildcardOf(name) ?? '') ?? [];
    const others = namers.get(name);
    return others === undefined ? wild : wild.filter((route) => others.every((other) => other === route.namespace));
  };
  return { on, owns: (route, host) => on(host).includes(route) };
}
