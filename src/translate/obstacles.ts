import type { FindingReason } from '../model/finding.ts';
import type { Installation } from '../model/snapshot.ts';
import { annotationPrefix } from '../schema/annotations.ts';
import { annotationField, reportForeign } from './foreign-annotations.ts';
import type { IngressClasses } from './ingress-classes.ts';
import { nginxPrefix, wasProtected } from './ingress-facts.ts';
import type { IngressFacts } from './ingress-facts.ts';
import { asJson } from './objects.ts';
import type { Json } from './objects.ts';

/** Why an Ingress can't be protected as it is. */
export interface Obstacle {
  readonly reason: FindingReason;
  /** Wiring is put on it all the same. */
  readonly wire: boolean;
  /** With our wiring on it nothing passes: it refuses. */
  readonly closed: boolean;
}

function listOf(value: unknown): readonly Json[] {
  return Array.isArray(value) ? value.map(asJson) : [];
}

function nginxValue({ annotations }: IngressFacts, name: string): string | undefined {
  return annotations.get(`${nginxPrefix}${name}`);
}

function planeObstacle(facts: IngressFacts, classes: IngressClasses): Obstacle | undefined {
  const { report } = facts.ingress;
  const wrong = classes.wrong(facts);
  if (wrong !== undefined) {
    report.error('PlaneUnsupported', 'spec.ingressClassName', wrong);
    return { reason: 'PlaneUnsupported', wire: false, closed: false };
  }
  if (['1', 't', 'T', 'TRUE', 'true', 'True'].includes(nginxValue(facts, 'ssl-passthrough') ?? '')) {
    const text = 'NGINX passes connections on unread, so that nothing can be asked: remove it';
    report.error('PlaneUnsupported', annotationField('ssl-passthrough'), text);
    return { reason: 'PlaneUnsupported', wire: false, closed: false };
  }
  if ((nginxValue(facts, 'server-alias') ?? '') === '') return undefined;
  const text = 'people can not sign in on hosts that no rule names: make each alias a rule with a host';
  report.error('PlaneUnsupported', annotationField('server-alias'), text);
  return { reason: 'PlaneUnsupported', wire: false, closed: true };
}

/** What has no host at all; readPlaces reports it, and every single rule without one. */
function hostObstacle({ ingress, hosts }: IngressFacts): Obstacle | undefined {
  if (hosts.length > 0) return undefined;
  const rules = ingress.values.flatMap((json) => listOf(asJson(json['spec'])['rules']));
  const named = rules.some((rule) => typeof rule['host'] === 'string' && rule['host'] !== '');
  return named ? undefined : { reason: 'NoHost', wire: false, closed: true };
}

/** Only the owners of the annotation count; in an admission request every entry comes whole. */
function ownsAuthUrl(entry: Json): boolean {
  if (entry['fieldsV1'] === undefined) return true;
  const annotations = asJson(asJson(asJson(entry['fieldsV1'])['f:metadata'])['f:annotations']);
  return annotations[`f:${nginxPrefix}auth-url`] !== undefined;
}

/** Who would put it back: helm, or whoever applies it from elsewhere. */
function keeper({ ingress }: IngressFacts, controllerName: string): string | undefined {
  const entries = ingress.values.flatMap((json) => listOf(asJson(json['metadata'])['managedFields']));
  for (const entry of entries.filter(ownsAuthUrl)) {
    const { manager, operation } = entry;
    if (typeof manager !== 'string' || manager === `cognito-gate/${controllerName}`) continue;
    if (operation === 'Apply' || /^helm\b/i.test(manager)) return manager;
  }
  return undefined;
}

function authUrlObstacle(facts: IngressFacts, controllerName: string): Obstacle | undefined {
  const { foreignAuthUrl, status, annotations, namesAnother } = facts;
  if (foreignAuthUrl === undefined) return undefined;
  // We have wired it before: whoever changed that is fought, not obeyed. Another installation is not fought.
  if (wasProtected(status) && !namesAnother) return undefined;
  const asked = annotations.get(`${annotationPrefix}take-over`) === 'true';
  const kept = keeper(facts, controllerName);
  if (asked && kept === undefined) return undefined;
  const fix = asked
    ? `${String(kept)
        .replace(/[^\w./-]/g, '?')
        .slice(0, 60)} would put it back: remove it there`
    : `remove it, or set ${annotationPrefix}take-over: "true"`;
  const text = `another auth-url is there, and nothing of it is overwritten: ${fix}`;
  facts.ingress.report.error('ForeignAuthUrl', annotationField('auth-url'), text);
  return { reason: 'ForeignAuthUrl', wire: false, closed: false };
}

function reportSignIn(facts: IngressFacts, { prefix }: Installation): void {
  const signIn = nginxValue(facts, 'auth-signin');
  if (facts.wired || signIn === undefined || signIn.includes(`${prefix}/start/${facts.routeId}`)) return;
  const text = 'ours takes its place: remove it where it comes from';
  facts.ingress.report.warn('AnnotationRisky', annotationField('auth-signin'), text);
}

/** ingress-nginx, inspector of paths: `strict-validate-path-type` is on by default since 1.12. */
function reportPathCharacters({ ingress }: IngressFacts): void {
  for (const [r, rule] of ingress.values.flatMap((json) => listOf(asJson(json['spec'])['rules'])).entries()) {
    for (const [p, { path, pathType }] of listOf(asJson(rule['http'])['paths']).entries()) {
      if (typeof path !== 'string' || (pathType !== 'Exact' && pathType !== 'Prefix')) continue;
      if (/^\/[A-Za-z0-9._\-/]*$/.test(path)) continue;
      const text =
        'ingress-nginx refuses such characters in Exact and Prefix paths, and our wiring with them: use ImplementationSpecific';
      ingress.report.warn('PlaneUnsupported', `spec.rules[${r}].http.paths[${p}].path`, text);
    }
  }
}

/** What keeps us from protecting an Ingress that is to be protected; the first counts, all are reported. */
export function findObstacle(
  facts: IngressFacts,
  { classes, installation }: { classes: IngressClasses; installation: Installation },
): Obstacle | undefined {
  const plane = planeObstacle(facts, classes);
  if (plane?.closed === false) return plane;
  const authUrl = authUrlObstacle(facts, installation.controllerName);
  const passes = reportForeign(facts.annotations, facts.ingress.report);
  reportSignIn(facts, installation);
  reportPathCharacters(facts);
  const dropped: Obstacle | undefined = passes ? { reason: 'AuthDropped', wire: true, closed: false } : undefined;
  return plane ?? authUrl ?? hostObstacle(facts) ?? dropped;
}
