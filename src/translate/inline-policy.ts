import type { FindingReason } from '../model/finding.ts';
import type { Access, Policy, Rule } from '../model/policy.ts';
import type { PoolId } from '../model/pool.ts';
import { annotationInfo, annotationList, annotationPrefix } from '../schema/annotations.ts';
import type { AnnotationName } from '../schema/annotations.ts';
import { namespaceName, objectName } from '../schema/fields.ts';
import { parseGroups, parsePublicPaths } from '../schema/inline.ts';
import type { Annotations, Parsed } from '../schema/inline.ts';
import { guessName } from '../schema/nearest.ts';
import { fieldPath } from '../schema/problems.ts';
import { asJson } from './objects.ts';
import type { Entry } from './objects.ts';
import { resolvePool } from './entries.ts';
import { defaultPool } from './policies.ts';
import type { Reading } from './policies.ts';
import type { Report } from './report.ts';

/** What the annotations of one Ingress say. */
export interface Marks {
  readonly marked: boolean;
  readonly annotations: Annotations;
  /** Name of the policy that it names, as written. */
  readonly policy: string | undefined;
  /** Whether any annotation stands for a policy of its own. */
  readonly inline: boolean;
}

/** Annotations that say something else than who may pass. */
const noPolicy: ReadonlySet<AnnotationName> = new Set(['policy', 'controller']);

function fieldOf(name: string): string {
  return fieldPath(['metadata', 'annotations', `${annotationPrefix}${name}`]);
}

function reportUnknown(name: string, report: Report): void {
  const known = annotationList.map((info) => info.name);
  const guess = guessName(name, known);
  const fix =
    guess === undefined ? `remove it (known: ${known.join(', ')})` : `did you mean ${annotationPrefix}${guess}?`;
  report.error('UnknownAnnotation', fieldOf(name), `there is no such annotation: ${fix}`);
}

function reportExclusive(read: ReadonlyMap<AnnotationName, string>, report: Report): void {
  const others = [...read.keys()].filter((name) => !noPolicy.has(name));
  if (read.has('policy') && others.length > 0) {
    const text = `the policy is named: remove ${others.join(', ')}, or the name of the policy`;
    report.error('AnnotationsExclusive', fieldOf('policy'), text);
  }
  if (read.has('access') && read.has('allowed-groups')) {
    report.error('AnnotationsExclusive', fieldOf('access'), 'access and allowed-groups exclude each other: remove one');
  }
}

/** Every annotation of ours marks the Ingress, a mistyped one too: it must not stay open over a typing error (P11). */
export function readMarks(ingress: Entry): Marks {
  const { report } = ingress;
  const pairs = ingress.values
    .flatMap((value) => Object.entries(asJson(asJson(value['metadata'])['annotations'])))
    .filter(([key]) => key.startsWith(annotationPrefix));
  const read = new Map<AnnotationName, string>();
  let marked = false;
  for (const [key, value] of pairs.toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    const name = key.slice(annotationPrefix.length);
    const info = annotationInfo(name);
    if (info?.mark === false) continue;
    marked = true;
    if (info === undefined) reportUnknown(name, report);
    else if (typeof value === 'string') read.set(info.name, value);
    else report.error('Invalid', fieldOf(name), 'must be text: put it in quotes');
  }
  reportExclusive(read, report);
  const policy = read.get('policy');
  if (policy !== undefined && !objectName.safeParse(policy).success) {
    report.error('Invalid', fieldOf('policy'), 'must be the name of an AccessPolicy of the same namespace');
  }
  return { marked, annotations: read, policy, inline: [...read.keys()].some((name) => !noPolicy.has(name)) };
}

interface Asked {
  readonly name: AnnotationName;
  readonly wrong?: FindingReason;
}

function take<T>({ name, wrong = 'Invalid' }: Asked, parsed: Parsed<T>, report: Report): T | undefined {
  if ('ok' in parsed) return parsed.ok;
  report.error(parsed.audience ? 'AudienceMissing' : wrong, fieldOf(name), parsed.wrong);
  return undefined;
}

function accessOf(annotations: Annotations, report: Report): Access | undefined {
  const access = annotations.get('access');
  const groups = annotations.get('allowed-groups');
  if (groups !== undefined) {
    const names = take({ name: 'allowed-groups' }, parseGroups(groups), report);
    return names === undefined ? undefined : { kind: 'Allow', conditions: [{ groups: names }] };
  }
  if (access === 'Public' || access === 'SignedIn') return { kind: access };
  if (access === undefined) {
    const text = 'nobody is named: add allowed-groups or access, or name a policy';
    report.error('AudienceMissing', 'metadata.annotations', text);
  } else {
    report.error('Invalid', fieldOf('access'), 'must be SignedIn or Public');
  }
  return undefined;
}

function poolsOf(annotations: Annotations, reading: Reading): readonly PoolId[] {
  const value = annotations.get('pool');
  if (value === undefined) return defaultPool(fieldOf('pool'), reading);
  const [first = '', second, ...rest] = value.split('/');
  const ref = second === undefined ? { name: first } : { namespace: first, name: second };
  const named = objectName.safeParse(ref.name).success && namespaceName.safeParse(ref.namespace ?? 'x').success;
  if (!named || rest.length > 0) {
    reading.report.error('Invalid', fieldOf('pool'), 'must be namespace/name of a CognitoPool');
    return [];
  }
  const id = resolvePool(ref, fieldOf('pool'), reading);
  return id === undefined ? [] : [id];
}

function publicRule(annotations: Annotations, report: Report): readonly Rule[] {
  const value = annotations.get('public-paths');
  const paths = value === undefined ? undefined : take({ name: 'public-paths' }, parsePublicPaths(value), report);
  if (paths === undefined) return [];
  return [{ name: 'public-paths', match: { paths, methods: ['GET', 'HEAD'] }, access: { kind: 'Public' } }];
}

function preflightOf(annotations: Annotations, report: Report): Policy['corsPreflight'] {
  const value = annotations.get('cors-preflight') ?? 'Check';
  if (value === 'Check' || value === 'Pass') return value;
  report.error('Invalid', fieldOf('cors-preflight'), 'must be Check or Pass');
  return 'Check';
}

/** The policy that the annotations stand for; undefined where a mistake was reported. */
export function inlinePolicy(name: string, { annotations }: Marks, reading: Reading): Policy | undefined {
  const { report } = reading;
  const pools = poolsOf(annotations, reading);
  const first = publicRule(annotations, report);
  const access = accessOf(annotations, report);
  const corsPreflight = preflightOf(annotations, report);
  if (access === undefined || report.broken() !== undefined) return undefined;
  const last: Rule = { name: annotations.has('access') ? 'access' : 'allowed-groups', match: {}, access };
  return {
    namespace: reading.namespace,
    name: `ingress/${name}`,
    pools,
    corsPreflight,
    allowedOrigins: [],
    deny: [],
    rules: [...first, last],
  };
}
