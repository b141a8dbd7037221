import type { FindingReason } from '../model/finding.ts';
import { fieldPath } from '../schema/problems.ts';
import { nginxPrefix } from './ingress-facts.ts';
import type { Annotations } from './ingress-facts.ts';
import type { Report } from './report.ts';

/** What an annotation that isn't ours does to our wiring (dataplanes.md 1.3 to 1.5). */
interface Effect {
  readonly name: string;
  readonly when: (value: string) => boolean;
  readonly reason: Extract<FindingReason, 'AuthDropped' | 'AnnotationRisky'>;
  /** Requests pass although we refuse. */
  readonly passes: boolean;
  readonly message: string;
}

/** Go's strconv.ParseBool, which ingress-nginx reads booleans with. */
function asBool(value: string): boolean | undefined {
  if (['1', 't', 'T', 'TRUE', 'true', 'True'].includes(value)) return true;
  return ['0', 'f', 'F', 'FALSE', 'false', 'False'].includes(value) ? false : undefined;
}

/** ingress-nginx takes spaces away before it matches, and refuses line ends always; an empty value isn't looked at. */
function isOutside(allowed: RegExp): (value: string) => boolean {
  return (value) => value !== '' && (/[\r\n]/.test(value) || !allowed.test(value.replaceAll(' ', '')));
}

const always = (): boolean => true;
const filled = (value: string): boolean => value !== '';
const on = (value: string): boolean => asBool(value) === true;

function opens(name: string, when: Effect['when'], message: string): Effect {
  return { name, when, reason: 'AuthDropped', passes: true, message };
}

function risky(name: string, when: Effect['when'], message: string): Effect {
  return { name, when, reason: 'AnnotationRisky', passes: false, message };
}

const dropped = 'with this value ingress-nginx drops the whole check and lets every request pass';
const snippet = 'can change or end the check: see that it does not, better remove it';
const early = 'NGINX answers with it before anybody is asked: remove it if the answer must be protected';

const effects: readonly Effect[] = [
  opens(
    'satisfy',
    (value) => value.trim().toLowerCase() === 'any',
    'an address list or password is then enough, and nobody has to sign in: write "all", or remove it',
  ),
  opens('auth-always-set-cookie', (value) => asBool(value) === undefined, `${dropped}: write "false", or remove it`),
  opens('auth-cache-duration', isOutside(/^[/\-._~a-zA-Z0-9/:,]*$/), `${dropped}: remove it`),
  opens('auth-request-redirect', isOutside(/^[-._~a-zA-Z0-9/:,?&=]*$/), `${dropped}: remove it`),
  {
    name: 'auth-cache-key',
    when: filled,
    reason: 'AuthDropped',
    passes: false,
    message: 'NGINX would keep the answer for one person and give it to others who share the key: remove it',
  },
  risky('auth-snippet', filled, snippet),
  risky('configuration-snippet', filled, snippet),
  risky('server-snippet', filled, `${snippet}; it holds for the whole host`),
  risky('auth-proxy-set-headers', filled, 'the headers that it sets reach the check too: see that they are not ours'),
  risky(
    'auth-keepalive',
    (value) => /^[1-9]/.test(value.trim()),
    'NGINX then looks up our address only when it loads, and passes no cookie of ours on: remove it',
  ),
  risky('mirror-target', filled, 'requests are copied to another place, with cookies and identity headers'),
  risky('permanent-redirect', filled, early),
  risky('temporal-redirect', filled, early),
  risky('enable-cors', on, 'NGINX answers preflights itself, without asking: see that cors-allow-origin is narrow'),
  risky(
    'enable-global-auth',
    (value) => asBool(value) === false,
    'the check that holds for everybody else is off here: once this one is withdrawn, nothing holds. Remove it',
  ),
  risky(
    'custom-http-errors',
    (value) => /(^|[,\s])40[13]($|[,\s])/.test(value),
    'before ingress-nginx 1.13.7 and 1.14.3 a default backend could turn a refusal into a 200 (CVE-2026-24513): leave 401 and 403 out',
  ),
  risky('auth-type', always, 'a password is asked for besides: whoever is signed in with us still needs it'),
];

export function annotationField(name: string): string {
  return fieldPath(['metadata', 'annotations', `${nginxPrefix}${name}`]);
}

/** Reports what others' annotations do to our wiring; true: requests pass beside it. */
export function reportForeign(annotations: Annotations, report: Report): boolean {
  let passes = false;
  for (const { name, when, reason, passes: open, message } of effects) {
    const value = annotations.get(`${nginxPrefix}${name}`);
    if (value === undefined || !when(value)) continue;
    passes ||= open;
    if (reason === 'AuthDropped') report.error(reason, annotationField(name), message);
    else report.warn(reason, annotationField(name), message);
  }
  return passes;
}
