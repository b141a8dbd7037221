import type { RoutePath } from '../model/route.ts';
import type { Installation } from '../model/snapshot.ts';
import { hostPattern } from '../schema/fields.ts';
import { ingress } from '../schema/ingress.ts';
import { asJson } from './objects.ts';
import type { Entry, Json } from './objects.ts';
import { parse } from './report.ts';
import type { Report } from './report.ts';

export interface Places {
  readonly hosts: readonly string[];
  readonly paths: readonly RoutePath[];
}

function listOf(value: unknown): readonly Json[] {
  return Array.isArray(value) ? value.map(asJson) : [];
}

function typeOf(value: unknown): RoutePath['type'] {
  if (value === 'Exact') return 'Exact';
  return value === 'Prefix' ? 'PathPrefix' : 'ImplementationSpecific';
}

/** What can be read of a rule, valid or not: a broken route keeps its place. */
function pathsOf(rule: Json): readonly RoutePath[] {
  const host = typeof rule['host'] === 'string' ? rule['host'].toLowerCase() : '';
  if (host.length > 253 || !hostPattern.test(host)) return [];
  const paths = listOf(asJson(rule['http'])['paths']).map((item): RoutePath => {
    const path = item['path'];
    return {
      host,
      path: typeof path === 'string' && path.startsWith('/') ? path : '/',
      type: typeOf(item['pathType']),
    };
  });
  return paths.length > 0 ? paths : [{ host, path: '/', type: 'PathPrefix' }];
}

/** A wildcard covers what ends in its suffix, however many labels: NGINX reads it so. */
export function covers(host: string, other: string): boolean {
  return host === other || (host.startsWith('*.') && other.endsWith(host.slice(1)));
}

export function isReserved({ path, type }: RoutePath, prefix: string): boolean {
  const plain = path.toLowerCase();
  const own = prefix.toLowerCase();
  return plain === own || plain.startsWith(type === 'ImplementationSpecific' ? own : `${own}/`);
}

function reportRule(rule: Json, at: string, installation: Installation, report: Report): void {
  const host = typeof rule['host'] === 'string' ? rule['host'].toLowerCase() : '';
  if (rule['host'] === undefined || rule['host'] === '') {
    report.error(
      'NoHost',
      `${at}.host`,
      'a rule without a host is for every host and can not be protected: add the host',
    );
  } else if (covers(host, installation.signInHost)) {
    report.error(
      'SignInHostIsApp',
      `${at}.host`,
      'is the sign-in host, or a wildcard over it: give the app another host',
    );
  }
  for (const [index, path] of pathsOf(rule).entries()) {
    if (!isReserved(path, installation.prefix)) continue;
    report.error('PathReserved', `${at}.http.paths[${index}].path`, 'is a path of the sign-in pages: use another path');
  }
}

function rulesOf(entry: Entry): readonly Json[] {
  return entry.values.flatMap((value) => listOf(asJson(value['spec'])['rules']));
}

/** Every host and path that can be read, the sign-in host too, each once. */
export function writtenPaths(entry: Entry): readonly RoutePath[] {
  const paths = rulesOf(entry).flatMap(pathsOf);
  const unique = new Map(paths.map((path) => [JSON.stringify([path.host, path.path, path.type]), path]));
  if (entry.values.length === 1) return [...unique.values()];
  return [...unique].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, path]) => path);
}

/** Where the Ingress is. The sign-in host is never a host of a route. */
export function placesOf(entry: Entry, installation: Installation): Places {
  const paths = writtenPaths(entry).filter((path) => !covers(path.host, installation.signInHost));
  return { hosts: [...new Set(paths.map((path) => path.host))], paths };
}

/** The same, with everything that is wrong with it reported. */
export function readPlaces(entry: Entry, installation: Installation): Places {
  const { report } = entry;
  if (entry.values.length === 1) parse(ingress, entry.values[0], report);
  const rules = rulesOf(entry);
  if (rules.length === 0) report.error('NoHost', 'spec.rules', 'has no rule with a host: add one');
  for (const [index, rule] of rules.entries()) reportRule(rule, `spec.rules[${index}]`, installation, report);
  return placesOf(entry, installation);
}
