import type { Json, Kind } from './crd-objects.ts';

/** An object with one mistake, and what the API server says about it: exactly this, and nothing else. */
export interface Row {
  readonly kind: Kind;
  readonly changes: Json;
  readonly field: string;
  readonly error: string;
}

/** Path below `spec`, value there, where the server says that it is wrong, its words. */
type Mistake = readonly [path: string, value: unknown, field: string, error: string];

const invalid = (message: string): string => `Invalid value: ${message}`;
const shown = (value: string, message: string): string => `Invalid value: ${JSON.stringify(value)}: ${message}`;

const name = 'must be a Kubernetes name: lower-case letters, digits, "-" and "."';
const namespace = 'must be a namespace: lower-case letters, digits and "-"';
const origin = 'must be an origin such as https://app.example.com: lower case, no path';
const range = 'must be an address range such as 10.0.0.0/8 or 203.0.113.7/32';
const plain =
  'must start with "/" and be a plain path: no query, backslash, space (write %20), "//", "." or ".." segment';
const key = 'must be the key of a label, such as app or example.com/team';
const value = 'must be the value of a label: letters, digits, "-", "_" and "."';
const url = 'must be an https URL without user, query and fragment (http only on this machine)';
const unplaced = 'every pool needs its namespace here: a ClusterAccessPolicy is in none';
const elsewhere = 'is not a pool of this policy and would never hold: add it to poolRefs';
const nobody = 'must not be empty: say who it is about, or use access: SignedIn for everybody who is signed in';
const both = 'is about a machine or about a person, not both: write two entries';

const lasting = (minimum: string): string => `must be a duration of at least ${minimum}, such as 15m or 1h30m`;

function poolRef(at: string): readonly Mistake[] {
  return [
    [at, { name: 'Staff', namespace: 'identity' }, `${at}.name`, shown('Staff', name)],
    [at, { name: 'staff', namespace: 'a.b' }, `${at}.namespace`, shown('a.b', namespace)],
  ];
}

/** Mistakes of one entry that stands first in a list. */
function entry(list: string): readonly Mistake[] {
  const at = `${list}[0]`;
  const inList = (wrong: Json) => [list, [wrong]] as const;
  const pools = poolRef('pool').map(([, pool, field, error]): Mistake => [
    ...inList({ pool }),
    `${at}.${field}`,
    error,
  ]);
  const machines = poolRef('machine.pool').map(([, pool, field, error]): Mistake => [
    ...inList({ machine: { clients: ['a'], pool } }),
    `${at}.${field}`,
    error,
  ]);
  return [
    [...inList({}), at, invalid(nobody)],
    [...inList({ groups: ['a'], machine: { clients: ['a'] } }), at, invalid(both)],
    [...inList({ machine: {} }), `${at}.machine`, invalid('must not be empty: name clients or scopes')],
    ...pools,
    ...machines,
  ];
}

function rules(list: string): readonly Mistake[] {
  const at = `${list}[0]`;
  const match = `${at}.match`;
  const path = `${match}.paths[0]`;
  const allowed = entry('allow').map(([, allow, field, error]): Mistake => [at, { allow }, `${at}.${field}`, error]);
  const twice = [
    { name: 'a', access: 'Public' },
    { name: 'a', access: 'Public' },
  ];
  const signedIn = { access: 'SignedIn', allow: [{ groups: ['a'] }] };
  return [
    [list, twice, list, invalid('another rule has this name: change it')],
    [at, { name: 'a' }, at, invalid('names nobody: write access: Public, access: SignedIn or allow')],
    [at, signedIn, `${at}.access`, invalid('access and allow exclude each other: remove one of them')],
    [`${at}.name`, 'a b', `${at}.name`, shown('a b', 'must be letters, digits, "-", "_" and "."')],
    [match, {}, match, invalid('must not be empty: remove it where the rule is for every request')],
    ...['admin', '/a//b', '/a/../b', '/a?b', '/a b', '/a/.'].map((wrong): Mistake => [
      `${match}.paths`,
      [{ type: 'Exact', value: wrong }],
      `${path}.value`,
      invalid(plain),
    ]),
    [
      `${match}.paths`,
      [{ type: 'RegularExpression', value: `/${'a'.repeat(512)}` }],
      `${path}.value`,
      invalid('must have at most 512 characters'),
    ],
    [
      `${match}.paths`,
      [{ type: 'RegularExpression', value: '/[a' }],
      path,
      'Invalid value: "object": error parsing regexp: missing closing ]: `[a` evaluating rule: is not a regular expression of RE2: correct it',
    ],
    [`${match}.methods`, ['get'], `${match}.methods[0]`, shown('get', 'must be a method in capitals, such as GET')],
    ...['10.0.0.0', '10.0.0.0/33', 'shop/8', '10.0.0.0/08'].map((wrong): Mistake => [
      `${match}.sourceRanges`,
      [wrong],
      `${match}.sourceRanges[0]`,
      shown(wrong, range),
    ]),
    ...allowed,
    ...['0s', '15', '', '1.5h'].map((wrong): Mistake => [
      `${at}.maxAuthAge`,
      wrong,
      `${at}.maxAuthAge`,
      shown(wrong, lasting('1s')),
    ]),
  ];
}

function selector(at: string): readonly Mistake[] {
  const expressions = `${at}.matchExpressions`;
  const first = `${expressions}[0]`;
  const only = invalid('must be there for In and NotIn, and only there');
  return [
    [at, {}, at, invalid('must not be empty: name at least one label')],
    [at, { matchLabels: {} }, at, invalid('must not be empty: name at least one label')],
    [at, { matchLabels: { 'a b': 'c' } }, `${at}.matchLabels`, invalid(`${key}: each of them`)],
    [at, { matchLabels: { app: 'a b' } }, `${at}.matchLabels[app]`, shown('a b', value)],
    [at, { matchExpressions: [{ key: 'app', operator: 'In' }] }, `${first}.values`, only],
    [at, { matchExpressions: [{ key: 'app', operator: 'Exists', values: ['a'] }] }, `${first}.values`, only],
    [at, { matchExpressions: [{ key: 'a b', operator: 'Exists' }] }, `${first}.key`, shown('a b', key)],
    [
      at,
      { matchExpressions: [{ key: 'app', operator: 'In', values: ['a b'] }] },
      `${first}.values[0]`,
      shown('a b', value),
    ],
  ];
}

function rows(kind: Kind, mistakes: readonly Mistake[]): readonly Row[] {
  return mistakes.map(([path, wrong, field, error]) => ({
    kind,
    changes: { [path]: wrong },
    field: `spec${field === '' ? '' : '.'}${field}`,
    error,
  }));
}

const staff = { name: 'staff', namespace: 'identity' };
const other = { pool: { name: 'other', namespace: 'identity' } };
const kindMistake = 'this kind can not be protected: write group networking.k8s.io and kind Ingress';
const target = { group: 'networking.k8s.io', kind: 'Ingress', name: 'shop' };

const policyRows: readonly Row[] = [
  ...rows('AccessPolicy', [
    ['targetRefs', [{ ...target, kind: 'Service' }], 'targetRefs[0].kind', invalid(kindMistake)],
    ['targetRefs', [{ ...target, group: 'apps' }], 'targetRefs[0].kind', invalid(kindMistake)],
    ['targetRefs', [{ ...target, name: 'Shop' }], 'targetRefs[0].name', shown('Shop', name)],
    ...poolRef('poolRefs[0]'),
    ['allowedOrigins', ['https://app.example.com/'], 'allowedOrigins[0]', shown('https://app.example.com/', origin)],
    ...selector('targetSelector'),
    ...entry('deny'),
    ...rules('rules'),
  ]),
  {
    kind: 'AccessPolicy',
    changes: { poolRefs: [staff], rules: [{ allow: [other] }] },
    field: 'spec.rules',
    error: invalid(`the pool of an entry of allow ${elsewhere}`),
  },
  {
    kind: 'AccessPolicy',
    changes: { poolRefs: [staff], deny: [{ pool: { name: 'staff', namespace: 'shop' } }] },
    field: 'spec.deny',
    error: invalid(`the pool of an entry of deny ${elsewhere}`),
  },
];

const clusterRows: readonly Row[] = [
  ...rows('ClusterAccessPolicy', [
    ['selector', {}, 'selector', invalid('must not be empty: remove it where every Ingress is meant')],
    ['selector.ingressClassNames', ['Nginx'], 'selector.ingressClassNames[0]', shown('Nginx', name)],
    ...selector('selector.namespaces'),
    ...poolRef('poolRefs[0]'),
    ...rules('default.rules'),
    ['default.rules', [{ allow: [{ pool: { name: 'staff' } }] }], 'default.rules', invalid(unplaced)],
    ['default.deny', [{ pool: { name: 'staff' } }], 'default.deny', invalid(unplaced)],
    ['required.deny', [{ pool: { name: 'staff' } }], 'required.deny', invalid(unplaced)],
    ...entry('default.deny'),
    ...entry('required.deny'),
    ['default.allowedOrigins', ['app.example.com'], 'default.allowedOrigins[0]', shown('app.example.com', origin)],
    ['required', {}, 'required', invalid('must not be empty: write deny or publicRules, or remove it')],
  ]),
  {
    kind: 'ClusterAccessPolicy',
    changes: { default: undefined, required: undefined },
    field: 'spec',
    error: invalid('says nothing: write default, required or both'),
  },
];

const endpoints = ['issuer', 'authorization', 'token', 'revocation', 'jwks', 'logout'];

const poolRows = rows('CognitoPool', [
  ['userPoolId', 'eu-west-1', 'userPoolId', shown('eu-west-1', 'must be a user pool id such as eu-west-1_AbCdEfGhI')],
  ['domain', 'https://a', 'domain', shown('https://a', 'must be a prefix or a host name, without https://')],
  ['clientSecretRef', { name: 'A', key: 'a' }, 'clientSecretRef.name', shown('A', name)],
  ['clientSecretRef', { name: 'a', key: 'a b' }, 'clientSecretRef.key', shown('a b', 'must be a key of a Secret')],
  ...endpoints.map((field): Mistake => [
    `endpoints.${field}`,
    'http://a.test/',
    `endpoints.${field}`,
    shown('http://a.test/', url),
  ]),
  ...['https://u@a.test/', 'https://a.test/?b', 'https://a.test/#b', 'a.test'].map((wrong): Mistake => [
    'endpoints.token',
    wrong,
    'endpoints.token',
    shown(wrong, url),
  ]),
  ['scopes', ['email'], 'scopes', invalid('must include openid')],
  ['authorize.lang', 'german', 'authorize.lang', shown('german', 'must be a language such as de or zh-CN')],
  ...['signInLifetime', 'lifetime', 'idle'].map((field): Mistake => [
    `session.${field}`,
    '59s',
    `session.${field}`,
    shown('59s', lasting('60s')),
  ]),
  ['session.refreshAfter', '9s', 'session.refreshAfter', shown('9s', lasting('10s'))],
  ['session.grace', 'soon', 'session.grace', shown('soon', lasting('0s'))],
  [
    'allowedNamespaces',
    { from: 'All', selector: { matchLabels: { a: 'b' } } },
    'allowedNamespaces.selector',
    invalid('is only for from: Selector: remove it'),
  ],
  [
    'allowedNamespaces',
    { from: 'Selector' },
    'allowedNamespaces.selector',
    invalid('is missing: from: Selector needs it'),
  ],
  ...selector('selector').map(([, wrong, field, error]): Mistake => [
    'allowedNamespaces',
    { from: 'Selector', selector: wrong },
    `allowedNamespaces.${field}`,
    error,
  ]),
]);

const oneUser = invalid('must name exactly one of subject, username and email');
const oneWho = invalid('must name exactly one of user, group and everyone');
const time = 'must be a time in UTC such as 2026-11-25T17:00:00Z';

const revocationRows: readonly Row[] = [
  ...rows('SessionRevocation', [
    ...poolRef('pool'),
    ['everyPool', false, 'everyPool', invalid('false: must be true, or not be there')],
    ['user', {}, 'user', oneUser],
    ['user', { username: 'ada', email: 'ada@example.com' }, 'user', oneUser],
    ...[
      '2026-13-01T00:00:00Z',
      '2026-11-25T17:00:00+02:00',
      '2026-11-25',
      '2026-11-25T17:00Z',
      '2026-11-25 17:00:00Z',
    ].map((wrong): Mistake => ['before', wrong, 'before', shown(wrong, time)]),
    ['keepFor', '59s', 'keepFor', shown('59s', lasting('60s'))],
  ]),
  ...[
    [{ user: undefined }, oneWho, 'spec'],
    [{ group: 'admins' }, oneWho, 'spec'],
    [{ everyone: true }, oneWho, 'spec'],
    [{ user: undefined, everyone: false }, invalid('false: must be true, or not be there'), 'spec.everyone'],
    [
      { everyPool: true, pool: { name: 'staff' } },
      invalid('everyPool and pool exclude each other: remove one of them'),
      'spec.everyPool',
    ],
  ].map(([changes, error, field]) => ({ kind: 'SessionRevocation', changes, field, error }) as Row),
];

export const crdRows: readonly Row[] = [...policyRows, ...clusterRows, ...poolRows, ...revocationRows];
