import { isRecord } from '../kubernetes/object.ts';
import type { AdmissionRequest } from './admission-review.ts';
import { annotationsOf } from './presented-ingress.ts';

type Json = Readonly<Record<string, unknown>>;

/** The same names as in the match conditions of the chart (`cognito-gate.celWatched`). */
const watched = new RegExp(
  [
    '^cognito-gate\\.dev/',
    '^kubernetes\\.io/ingress\\.class$',
    '^nginx\\.ingress\\.kubernetes\\.io/(auth-.+|.+-snippet|satisfy|server-alias|ssl-passthrough|use-regex|rewrite-target|custom-http-errors|default-backend|enable-cors|cors-.+|enable-global-auth|permanent-redirect|temporal-redirect|canary.*|from-to-www-redirect)$',
  ].join('|'),
);

function listOf(value: unknown): readonly Json[] {
  return Array.isArray(value) ? value.filter(isRecord) : [];
}

function protectionOf(object: Json | undefined): string {
  const annotations = Object.entries(annotationsOf(object) ?? {}).filter(([name]) => watched.test(name));
  const spec = isRecord(object?.['spec']) ? object['spec'] : {};
  const rules = listOf(spec['rules']).map(({ host, http }) => {
    const paths = isRecord(http) ? listOf(http['paths']) : [];
    return [host, paths.map(({ path, pathType }) => [path, pathType])];
  });
  const hasDefault = spec['defaultBackend'] !== undefined;
  return JSON.stringify([
    annotations.toSorted(([a], [b]) => (a < b ? -1 : 1)),
    spec['ingressClassName'],
    rules,
    hasDefault,
  ]);
}

/**
 * An update that changes nothing that protection depends on: an ordinary deploy, which is not refused for what was there
 * before.
 */
export function leavesProtection({ operation, object, oldObject }: AdmissionRequest): boolean {
  return operation === 'UPDATE' && protectionOf(object) === protectionOf(oldObject);
}

function hostsOf(object: Json | undefined): ReadonlySet<unknown> {
  const spec = isRecord(object?.['spec']) ? object['spec'] : {};
  const aliases = (annotationsOf(object)?.['nginx.ingress.kubernetes.io/server-alias'] ?? '').split(',');
  return new Set([...listOf(spec['rules']).map(({ host }) => host), ...aliases.map((alias) => alias.trim())]);
}

/** Whether it would have a host, or an alias, that it hasn't yet. */
export function claimsHosts({ operation, object, oldObject }: AdmissionRequest): boolean {
  const before = operation === 'UPDATE' ? hostsOf(oldObject) : new Set();
  return hostsOf(object)
    .values()
    .some((host) => !before.has(host));
}
