/** Relative to the root. Tests move it, so that they don't disturb a demo that somebody is looking at. */
export const cache = process.env['DEMO_CACHE'] ?? '.cache/demo-cluster';
export const caFile = `${cache}/certificates/ca.pem`;

export type ProxyName = 'traefik' | 'nginx';

/** What stands in front: Traefik, or a real NGINX with what ingress-nginx would make of the Ingresses. */
export function readProxy(environment: NodeJS.ProcessEnv): ProxyName {
  const text = environment['DEMO_PROXY'] ?? '';
  if (text === '' || text === 'traefik') return 'traefik';
  if (text === 'nginx') return 'nginx';
  throw new Error(`DEMO_PROXY=${text} is not known: set it to traefik or nginx`);
}
