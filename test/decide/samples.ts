import { compilePolicy, type CompiledPolicy } from '../../src/decide/compile.ts';
import type { DecideOptions } from '../../src/decide/decide.ts';
import type { Identity } from '../../src/model/identity.ts';
import type { Access, Match, Policy, Rule } from '../../src/model/policy.ts';
import type { Pool } from '../../src/model/pool.ts';
import type { Request } from '../../src/model/request.ts';
import type { Route } from '../../src/model/route.ts';

export const staff = 'a'.repeat(64);
export const partners = 'b'.repeat(64);

export const options: DecideOptions = { acme: true, prefix: '/_cognito-gate', now: () => 1_700_000_600 };

export function person(over: Partial<Identity> & { readonly in?: readonly string[] } = {}): Identity {
  const { in: names = [], ...fields } = over;
  return {
    kind: 'person',
    pool: staff,
    subject: 'sub-ada',
    username: 'ada',
    preferredUsername: undefined,
    name: 'Ada',
    email: 'ada@example.com',
    emailTrusted: true,
    groups: { names: new Set(names), judged: undefined },
    claims: new Map(),
    authTime: 1_700_000_000,
    ...fields,
  };
}

export function request(over: Partial<Request> = {}): Request {
  return {
    method: 'GET',
    path: '/',
    query: '',
    clientAddress: '203.0.113.7',
    cookie: undefined,
    authorization: undefined,
    authorizationTwice: false,
    navigation: 'none',
    webSocket: false,
    origin: undefined,
    preflight: false,
    ...over,
  };
}

export function rule(name: string, match: Match, access: Access): Rule {
  return { name, match, access };
}

export const isPublic: Access = { kind: 'Public' };
export const signedIn: Access = { kind: 'SignedIn' };

export function groups(...names: readonly string[]): Access {
  return { kind: 'Allow', conditions: [{ groups: names }] };
}

export function prefix(value: string): Match {
  return { paths: [{ type: 'PathPrefix', value }] };
}

export function exact(value: string): Match {
  return { paths: [{ type: 'Exact', value }] };
}

export function policy(rules: readonly Rule[], over: Partial<Policy> = {}): Policy {
  return {
    namespace: 'shop',
    name: 'shop',
    pools: [staff],
    corsPreflight: 'Check',
    allowedOrigins: [],
    deny: [],
    rules,
    ...over,
  };
}

export function compiled(rules: readonly Rule[], over: Partial<Policy> = {}): CompiledPolicy {
  return compilePolicy(policy(rules, over), (host) => host === 'shop.example.com');
}

/** The policy of flows.md "Objects", more or less. */
export const shop = compiled([
  rule('health', { ...exact('/healthz'), methods: ['GET', 'HEAD'] }, isPublic),
  rule('assets', prefix('/public'), isPublic),
  rule('admin', prefix('/admin'), groups('admins')),
  rule('everyone-else', {}, signedIn),
]);

export function route(over: Partial<Route> = {}): Route {
  return {
    id: '0'.repeat(32),
    namespace: 'shop',
    name: 'shop',
    hosts: ['shop.example.com'],
    paths: [{ host: 'shop.example.com', path: '/', type: 'PathPrefix' }],
    state: { kind: 'enforced', policy: policy([rule('all', {}, signedIn)]), audits: [] },
    ...over,
  };
}

export function pool(over: Partial<Pool> = {}): Pool {
  return {
    id: staff,
    namespace: 'identity',
    name: 'staff',
    userPoolId: 'eu-west-1_AbCdEfGhI',
    issuers: [],
    endpoints: {},
    domain: undefined,
    clientId: 'client',
    clientSecret: undefined,
    scopes: ['openid'],
    groups: { claim: 'cognito:groups', token: 'Access', format: 'Array' },
    authorize: {},
    trustedEmailProviders: [],
    session: { signInLifetime: 43_200, lifetime: 43_200, idle: 7_200, refreshAfter: 600, grace: 3_600 },
    ...over,
  };
}
