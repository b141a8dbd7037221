import type { Caller, Identity } from '../model/identity.ts';
import { encodeHeaderValue } from './header-values.ts';

/** What an app learns. All of them are always in the wiring, so that a client's own never reach the app (N20). */
export const identityHeaders: readonly string[] = [
  'X-Auth-Request-User',
  'X-Auth-Request-Email',
  'X-Auth-Request-Groups',
  'X-Auth-Request-Preferred-Username',
  'X-Auth-Request-Groups-Partial',
];

/**
 * NGINX's buffer for the answer is 4 kB, status line and Node's own headers included (dataplanes.md 1.3); all our
 * headers stay under 3,500 bytes (N7). The rest of this number is names, line ends and what Node and we add.
 */
const valueBudget = 3_500 - 400;
/** A longer value is left out, never cut: a cut name is another name. */
const longestValue = 1_000;

/** What a route says about names. */
export interface RouteNames {
  /** Groups that the route's policy names. */
  readonly namedGroups: ReadonlySet<string>;
  /** Clients whose machines may pass: a person who has taken such an id as a name must not look like one to the app. */
  readonly machines?: ReadonlySet<string> | undefined;
}

interface Written {
  readonly names: RouteNames;
  readonly headers: Readonly<Record<string, string>>;
}

/** A session that is kept opened asks many times, mostly on one route. */
const written = new WeakMap<Caller, Written>();

/** Values for every identity header; blank where nothing is known. */
export function writeIdentity(caller: Caller, names: RouteNames): Readonly<Record<string, string>> {
  const known = written.get(caller);
  if (known?.names.namedGroups === names.namedGroups && known.names.machines === names.machines) return known.headers;
  const headers = caller.kind === 'machine' ? encodeMachine(caller.client) : encodeIdentity(caller, names);
  written.set(caller, { names, headers });
  return headers;
}

function encodeIdentity(identity: Identity, { namedGroups, machines }: RouteNames): Readonly<Record<string, string>> {
  const budget = new Budget(valueBudget);
  const ownName = (name: string | undefined): string | undefined =>
    name !== undefined && machines?.has(name) === true ? undefined : name;
  const user = budget.take(ownName(identity.username));
  const email = budget.take(identity.emailTrusted ? identity.email : undefined);
  const preferred = budget.take(ownName(identity.preferredUsername));
  const groups = fitGroups(identity, namedGroups, budget.left);
  return {
    'X-Auth-Request-User': user,
    'X-Auth-Request-Email': email,
    'X-Auth-Request-Groups': groups.text,
    'X-Auth-Request-Preferred-Username': preferred,
    'X-Auth-Request-Groups-Partial': String(groups.partial),
  };
}

/** A machine is its app client; whatever else an app could ask for, it has none of. */
function encodeMachine(client: string): Readonly<Record<string, string>> {
  return {
    'X-Auth-Request-User': new Budget(valueBudget).take(client),
    'X-Auth-Request-Email': '',
    'X-Auth-Request-Groups': '',
    'X-Auth-Request-Preferred-Username': '',
    'X-Auth-Request-Groups-Partial': 'false',
  };
}

class Budget {
  left: number;

  constructor(bytes: number) {
    this.left = bytes;
  }

  take(value: string | undefined): string {
    const text = encodeHeaderValue(value ?? '');
    if (text.length > Math.min(longestValue, this.left)) return '';
    this.left -= text.length;
    return text;
  }
}

interface FittedGroups {
  readonly text: string;
  readonly partial: boolean;
}

function fitGroups({ groups }: Identity, named: ReadonlySet<string>, bytes: number): FittedGroups {
  const all = join(groups.names);
  if (all.length <= bytes) return { text: all, partial: groups.judged !== undefined };
  const some: string[] = [];
  let length = 0;
  for (const name of groups.names) {
    const text = named.has(name) ? encodeHeaderValue(name) : undefined;
    if (text === undefined || length + text.length + 1 > bytes) continue;
    some.push(text);
    length += text.length + 1;
  }
  return { text: some.join(','), partial: true };
}

function join(names: ReadonlySet<string>): string {
  let text = '';
  for (const name of names) text += text === '' ? encodeHeaderValue(name) : `,${encodeHeaderValue(name)}`;
  return text;
}

const names = new Set(identityHeaders.map((name) => name.toLowerCase()));
const lengths = new Set(identityHeaders.map((name) => name.length));

/**
 * Whether a header is one of ours in another spelling: NGINX drops underscores, but Traefik passes `X_Auth_Request_User`
 * and `X.Auth.Request.User` on, and many frameworks read them as the same variable (T6, measured).
 */
export function isAlias(lowerName: string): boolean {
  if (!lengths.has(lowerName.length) || !lowerName.startsWith('x')) return false;
  return !names.has(lowerName) && names.has(lowerName.replace(/[^a-z0-9]/g, '-'));
}
