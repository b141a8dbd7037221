import { readAnnotations } from './annotations.ts';
import type { Reading } from './annotations.ts';
import { ingressesOf, upstreamOf } from './objects.ts';
import type { IngressObject, IngressState, PathObject } from './objects.ts';

/** The host of rules that name none. */
export const anyHost = '';

export interface ServerPath {
  readonly path: string;
  readonly pathType: PathObject['pathType'];
  readonly reading: Extract<Reading, { kind: 'read' }>;
  /** `host:port`; undefined: 503. */
  readonly upstream: string | undefined;
}

/** One host name with all that its Ingresses say about it together. */
export interface Server {
  readonly host: string;
  /** One Ingress with `use-regex` or `rewrite-target` turns every path of the host into a regular expression. */
  readonly regex: boolean;
  /** In the order in which the file has them: where NGINX takes the first that fits, the longest is first. */
  readonly paths: readonly ServerPath[];
}

export interface Refused {
  readonly namespace: string;
  readonly name: string;
  readonly why: string;
}

/** ingress-nginx's `strict-validate-path-type`; what else an NGINX string can't hold is refused in any case. */
function badPath({ path = '/', pathType }: PathObject): string | undefined {
  const fits = pathType === 'ImplementationSpecific' ? /^\/[^\s"\\;]*$/ : /^\/[A-Za-z0-9._\-/]*$/;
  return fits.test(path) ? undefined : `path ${path} cannot be used with pathType ${pathType}`;
}

const pathsOf = (ingress: IngressObject): readonly PathObject[] =>
  (ingress.spec.rules ?? []).flatMap((rule) => rule.http?.paths ?? []);

/** `Prefix` means whole segments: the path itself, and what is below it. */
function spread(path: ServerPath): readonly ServerPath[] {
  if (path.pathType !== 'Prefix' || path.path === '/') return [path];
  const bare = path.path.replace(/\/+$/, '');
  return [
    { ...path, path: `${bare}/` },
    { ...path, path: bare, pathType: 'Exact' },
  ];
}

function inOrder(paths: readonly ServerPath[]): readonly ServerPath[] {
  const byText = (a: ServerPath, b: ServerPath): number => (a.path > b.path ? -1 : a.path < b.path ? 1 : 0);
  return paths.toSorted((a, b) => b.path.length - a.path.length || byText(a, b));
}

/** What NGINX would call the same location. */
function locationKey({ path, pathType }: ServerPath, regex: boolean): string {
  return regex ? path : `${pathType === 'Exact' ? '=' : ''}${path}`;
}

function server(host: string, paths: readonly ServerPath[]): Server {
  const regex = paths.some(({ reading }) => reading.regex || reading.rewriteTarget !== undefined);
  const taken = new Map<string, ServerPath>();
  // What an Ingress names itself goes before what another's Prefix spreads to.
  const named = paths.map((path) => spread(path)[0] ?? path);
  for (const path of [...named, ...paths.flatMap((one) => spread(one).slice(1))]) {
    const key = locationKey(path, regex);
    if (!taken.has(key)) taken.set(key, path);
  }
  return { host, regex, paths: inOrder([...taken.values()]) };
}

/** What is to be served, from all Ingresses of the class, and which of them are not taken over. */
export function serversOf(
  state: IngressState,
  className: string,
): { readonly servers: readonly Server[]; readonly refused: readonly Refused[] } {
  const refused: Refused[] = [];
  const hosts = new Map<string, ServerPath[]>();
  for (const ingress of ingressesOf(state, className)) {
    const { namespace = '', name, annotations } = ingress.metadata;
    // Canaries share the location of another Ingress.
    if (annotations?.['nginx.ingress.kubernetes.io/canary'] === 'true') continue;
    const reading = readAnnotations(annotations);
    const bad = pathsOf(ingress)
      .map(badPath)
      .find((why) => why !== undefined);
    if (reading.kind === 'refused' || bad !== undefined) {
      refused.push({ namespace, name, why: reading.kind === 'refused' ? reading.why : (bad ?? '') });
      continue;
    }
    for (const rule of ingress.spec.rules ?? []) {
      const paths = (rule.http?.paths ?? []).map(({ path = '/', pathType, backend }) => {
        return { path, pathType, reading, upstream: upstreamOf(state.services, namespace, backend) };
      });
      const host = rule.host ?? anyHost;
      hosts.set(host, [...(hosts.get(host) ?? []), ...paths]);
    }
  }
  return { servers: [...hosts].map(([host, paths]) => server(host, paths)), refused };
}
