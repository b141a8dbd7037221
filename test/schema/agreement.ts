import { check } from '../../src/schema/check.ts';
import { objectWith, schemas } from './crd-objects.ts';
import type { Json, Kind } from './crd-objects.ts';
import { crdRows } from './crd-rows.ts';

export interface Case {
  readonly name: string;
  readonly kind: Kind;
  readonly object: Json;
  /** Why only the API server refuses it, or only this program. */
  readonly exception?: { readonly refusedBy: 'server' | 'program'; readonly why: string };
}

const translated = 'translation says it, with more knowledge';

/** Rules that stand in the CRD alone: translation has them as findings. */
const serverOnly = /this kind can not be protected|is not a pool of this policy|error parsing regexp/;

const fromRows: readonly Case[] = crdRows.map(({ kind, changes, error }) => ({
  name: `${error} ${JSON.stringify(changes).slice(0, 60)}`,
  kind,
  object: objectWith(kind, changes),
  ...(serverOnly.test(error) ? { exception: { refusedBy: 'server', why: translated } as const } : {}),
}));

const people = {
  groups: ['admins', 'Ämter'],
  allGroups: ['a'],
  usernames: ['jo'],
  subjects: ['0b1c'],
  emails: ['jo@example.com'],
  emailDomains: ['example.com'],
  claims: [{ name: 'custom:team', values: ['a b'] }],
};

const twice = (value: unknown): readonly unknown[] => [value, value];
const target = { group: 'networking.k8s.io', kind: 'Ingress', name: 'shop' };
const allow = (entry: Json): Json => ({ rules: [{ allow: [entry] }] });
const paths = (type: string, value: string): Json => ({ 'rules[0].match.paths': [{ type, value }] });

/** `[]` and over-long lists, wrong types, unknown names, control characters: what the schema itself holds. */
const policies: readonly (readonly [string, Json, Case['exception']?])[] = [
  ['everything about people', allow(people)],
  ['machines', allow({ machine: { clients: ['a'], scopes: ['shop/write'] } })],
  ['bearer tokens of people', { bearer: 'Accept', 'rules[0].maxAuthAge': '15m' }],
  ['no rules', { rules: [] }],
  ['rules that are missing', { rules: undefined }],
  ['too many rules', { rules: Array.from({ length: 33 }, () => ({ access: 'SignedIn' })) }],
  ['as many rules as may be', { rules: Array.from({ length: 32 }, () => ({ access: 'SignedIn' })) }],
  ['an unknown field', { 'rules[0].alow': [] }],
  ['a list that is text', allow({ groups: 'admins' })],
  ['an empty list of groups', allow({ groups: [] })],
  ['an empty group', allow({ groups: [''] })],
  ['a group with a space', allow({ groups: ['a b'] })],
  ['a group with a comma', allow({ groups: ['a,b'] })],
  ['a group that is too long', allow({ groups: ['a'.repeat(129)] })],
  ['a username with a line break', allow({ usernames: ['a\nb'] })],
  ['an address without @', allow({ emails: ['jo'] })],
  ['a domain with @', allow({ emailDomains: ['@example.com'] })],
  ['a wildcard as domain', allow({ emailDomains: ['*.example.com'] })],
  ['a claim without values', allow({ claims: [{ name: 'a' }] })],
  ['an empty deny list', { deny: [] }],
  ['an unknown mode', { mode: 'Dry' }],
  ['a mode in lower case', { mode: 'audit' }],
  ['a number as name', { 'rules[0].name': 7 }],
  ['a target that stands twice', { targetRefs: twice(target) }],
  ['a target of another namespace', { targetRefs: [{ ...target, namespace: 'other' }] }],
  ['a target without a group', { targetRefs: [{ kind: 'Ingress', name: 'shop' }] }],
  ['an origin that stands twice', { allowedOrigins: twice('https://a.test') }],
  ['an origin with a port', { allowedOrigins: ['http://localhost:3000', 'https://[::1]:8443'] }],
  ['the root as prefix', paths('PathPrefix', '/')],
  ['a path with dots', paths('Exact', '/.well-known/a..b')],
  ['a trailing slash', paths('Exact', '/a/')],
  ['a regular expression', paths('RegularExpression', '/a/[0-9]+(/.*)?')],
  ['a path type of another kind', paths('Prefix', '/a')],
  ['a path with a no-break space', paths('Exact', '/a\u00a0b')],
  ['IPv6', { 'rules[0].match.sourceRanges': ['2001:db8::/32', '::/0'] }],
  ['a path with an encoding of several readings', paths('Exact', '/a%2fb')],
  [
    'an IPv4 range in IPv6 form',
    { 'rules[0].match.sourceRanges': ['::ffff:1.2.3.0/120'] },
    { refusedBy: 'server', why: 'isCIDR of Kubernetes takes no IPv4-mapped addresses' },
  ],
  [
    'a byte order mark within a claim name',
    allow({ claims: [{ name: 'a\ufeffb', values: ['a'] }] }),
    { refusedBy: 'program', why: 'white space for JavaScript, not for RE2' },
  ],
  ['a group of 128 characters outside of the basic plane', allow({ groups: ['\u{1f600}'.repeat(128)] })],
];

/** `match:` with nothing behind it, as templates leave it. */
const empties: readonly (readonly [Kind, string, unknown])[] = [
  ['AccessPolicy', 'deny', null],
  ['AccessPolicy', 'targetSelector', { matchLabels: { app: 'a', team: null } }],
  ['AccessPolicy', 'rules', [{ access: 'Public', match: null }]],
  ['AccessPolicy', 'rules', [{ access: 'Public', match: { methods: ['GET'], paths: null } }]],
  ['AccessPolicy', 'rules', [{ access: 'Public', match: { methods: ['GET'], sourceRanges: null } }]],
  ['AccessPolicy', 'rules', [{ access: 'SignedIn', allow: null }]],
  ['AccessPolicy', 'rules', [{ access: 'SignedIn', maxAuthAge: null }]],
  ...['pool', 'allGroups', 'usernames', 'subjects', 'emails', 'emailDomains', 'claims', 'machine'].map(
    (field): readonly [Kind, string, unknown] => [
      'AccessPolicy',
      'rules',
      [{ allow: [{ groups: ['a'], [field]: null }] }],
    ],
  ),
  ['ClusterAccessPolicy', 'required', null],
  ['ClusterAccessPolicy', 'required.deny', null],
  ['ClusterAccessPolicy', 'selector', null],
  ['CognitoPool', 'clientSecretRef', null],
];

const fromEmpties: readonly Case[] = empties.map(([kind, path, value]) => ({
  name: `null in ${path}: ${JSON.stringify(value)}`,
  kind,
  object: objectWith(kind, { [path]: value }),
  exception: { refusedBy: 'program', why: 'the API server can only keep a null or drop it' },
}));

const clusterWide: typeof policies = [
  ['a floor alone', { default: undefined }],
  ['a default alone', { required: undefined }],
  ['classes and labels', { selector: { ingressClassNames: ['nginx'], namespaces: { matchLabels: { a: '' } } } }],
  ['a class that stands twice', { 'selector.ingressClassNames': twice('nginx') }],
  ['no classes', { 'selector.ingressClassNames': [] }],
  ['exceptions by name of a namespace', { 'selector.namespaceNames': ['a'] }],
  ['a pool without its namespace', { poolRefs: [{ name: 'staff' }] }],
  ['a pool that stands twice', { poolRefs: twice({ name: 'staff', namespace: 'identity' }) }],
  [
    'a pool of machines without its namespace',
    { 'required.deny': [{ machine: { pool: { name: 'staff' }, clients: ['a'] } }] },
  ],
  [
    'a pool of machines with its namespace',
    { 'required.deny': [{ machine: { pool: { name: 'staff', namespace: 'identity' }, clients: ['a'] } }] },
  ],
  ['an unknown floor', { 'required.publicRules': 'Never' }],
  [
    'labels without a limit',
    { 'selector.namespaces.matchLabels': Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`a${i}`, 'b'])) },
  ],
];

const pools: typeof policies = [
  ['a custom domain with a port', { domain: 'auth.example.com:8443' }],
  [
    'endpoints of this machine',
    { 'endpoints.issuer': 'http://localhost:9000/pool', 'endpoints.token': 'https://a.test/t' },
  ],
  [
    'an endpoint with an impossible port',
    { 'endpoints.token': 'https://a.test:99999/' },
    { refusedBy: 'program', why: 'isURL of Kubernetes takes any number as port' },
  ],
  ['an endpoint with a space', { 'endpoints.token': 'https://a.test/a b' }],
  ['scopes that stand twice', { scopes: ['openid', 'openid'] }],
  ['no scopes', { scopes: [] }],
  ['one namespace by label', { allowedNamespaces: { from: 'Selector', selector: { matchLabels: { team: 'a' } } } }],
  ['nothing about namespaces', { allowedNamespaces: {} }],
  ['a duration of every unit', { 'session.idle': '1h30m15s' }],
  ['a duration that is a number', { 'session.idle': 7200 }],
  ['no grace', { 'session.grace': '0s' }],
  ['days', { 'session.lifetime': '2d' }],
  ['a client id that is missing', { clientId: undefined }],
  ['a Secret of another namespace', { clientSecretRef: { name: 'a', key: 'b', namespace: 'c' } }],
  ['clients of machines', { machineClients: ['a'], freshSignIn: 'Prompt' }],
];

const revocations: typeof policies = [
  ['a subject', { user: { subject: '0b1c-2d' } }],
  ['a subject with a space', { user: { subject: 'a b' } }],
  ['an address', { user: { email: 'jo@example.com' } }],
  ['an address without @', { user: { email: 'jo' } }],
  ['a group', { user: undefined, group: 'admins' }],
  ['a group with a space', { user: undefined, group: 'a b' }],
  ['everybody of every pool', { user: undefined, everyone: true, everyPool: true }],
  ['a pool, a time, a reason', { pool: { name: 'staff' }, before: '2026-11-25T17:00:00Z', reason: 'stolen laptop' }],
  ['a time with an offset', { before: '2026-11-25T17:00:00+01:00' }],
  ['a time in lower case', { before: '2026-11-25t17:00:00z' }],
  ['a reason with a line break', { reason: 'a\nb' }],
  ['an empty reason', { reason: '' }],
  ['people as a list', { user: undefined, users: ['ada'] }],
  ['an unknown person', { user: { name: 'ada' } }],
  ['kept for days', { keepFor: '3d' }],
];

function cases(kind: Kind, table: typeof policies): readonly Case[] {
  return table.map(([name, changes, exception]) => ({
    name,
    kind,
    object: objectWith(kind, changes),
    ...(exception === undefined ? {} : { exception }),
  }));
}

export const agreementCases: readonly Case[] = [
  ...fromRows,
  ...fromEmpties,
  ...cases('AccessPolicy', policies),
  ...cases('ClusterAccessPolicy', clusterWide),
  ...cases('CognitoPool', pools),
  ...cases('SessionRevocation', revocations),
];

/** Whether this program takes the object as it stands, before any other object is looked at. */
export function programAccepts({ kind, object }: Case): boolean {
  return 'ok' in check(schemas[kind], object);
}
