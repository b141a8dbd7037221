import type { RevocationReport } from '../model/plan.ts';
import type { Pool, PoolId } from '../model/pool.ts';
import type { Revocation, Revoked } from '../model/revocation.ts';
import type { Installation } from '../model/snapshot.ts';
import { durationSeconds } from '../schema/fields.ts';
import { sessionRevocation } from '../schema/session-revocation.ts';
import type { SessionRevocationSpec } from '../schema/session-revocation.ts';
import { asJson } from './objects.ts';
import type { Entry, Json } from './objects.ts';
import type { Pools } from './pools.ts';
import { parse } from './report.ts';
import type { Report } from './report.ts';

/** What one object says, without its pools: made once, as there may be thousands and hardly one of them is new. */
interface Said {
  readonly spec: SessionRevocationSpec;
  readonly who: Revoked;
  readonly ends: string;
  /** Seconds; undefined: nobody says. */
  readonly before: number | undefined;
  readonly keptUntil: number | undefined;
  /** With the pools that it was last found to be about. */
  revocation: Revocation | undefined;
}

const known = new WeakMap<Json, Said>();

function said(value: Json, spec: SessionRevocationSpec): Said {
  const earlier = known.get(value);
  if (earlier !== undefined) return earlier;
  const created = secondsOf(asJson(value['metadata'])['creationTimestamp']);
  const keepFor = durationSeconds(spec.keepFor) ?? 0;
  const who = whoOf(spec);
  const one: Said = {
    spec,
    who,
    ends: endsOf(who, spec),
    before: spec.before === undefined ? created : secondsOf(spec.before),
    keptUntil: created === undefined ? undefined : created + keepFor,
    revocation: undefined,
  };
  known.set(value, one);
  return one;
}

function secondsOf(time: unknown): number | undefined {
  const milliseconds = typeof time === 'string' ? Date.parse(time) : Number.NaN;
  return Number.isFinite(milliseconds) ? Math.floor(milliseconds / 1000) : undefined;
}

/** The schema has seen to it that one of them is there. */
function whoOf({ user, group }: SessionRevocationSpec): Revoked {
  if (user?.subject !== undefined) return { kind: 'subject', value: user.subject };
  if (user?.username !== undefined) return { kind: 'username', value: user.username };
  if (user?.email !== undefined) return { kind: 'email', value: user.email };
  return group === undefined ? { kind: 'everyone' } : { kind: 'group', value: group };
}

function endsOf(who: Revoked, { pool, everyPool }: SessionRevocationSpec): string {
  const where = everyPool === true ? ' of every pool' : pool === undefined ? '' : ` of the pool ${pool.name}`;
  return `${who.kind === 'everyone' ? who.kind : `${who.kind} ${who.value}`}${where}`;
}

interface Reading {
  readonly pools: Pools;
  readonly installation: Installation;
  /** Usable pools by namespace. */
  readonly usable: ReadonlyMap<string, readonly Pool[]>;
  /** All of that, as far as it decides. */
  readonly context: string;
}

/** The pools that it may end sign-ins of; undefined where it may not end what it wants to. */
function poolsOf(
  { ref, report }: Entry,
  spec: SessionRevocationSpec,
  reading: Reading,
): readonly Pool[] | 'every' | undefined {
  const { releaseNamespace } = reading.installation;
  const { pool, everyPool } = spec;
  if (everyPool === true) {
    // A folder has no tenants.
    if (releaseNamespace === undefined || releaseNamespace === ref.namespace) return 'every';
    const fix = 'remove the field, or make the object there';
    report.error('RefNotPermitted', 'spec.everyPool', `is only for the namespace of the installation: ${fix}`);
    return undefined;
  }
  const own = reading.usable.get(ref.namespace) ?? [];
  if (pool !== undefined) return namedPool(ref.namespace, pool, { own, report, pools: reading.pools });
  if (own.length > 0) return own;
  report.error(
    'PoolNotFound',
    'spec',
    'this namespace has no CognitoPool that can be used: make the object where the pool is',
  );
  return undefined;
}

function namedPool(
  namespace: string,
  pool: { readonly name: string; readonly namespace?: string | undefined },
  { own, report, pools }: { own: readonly Pool[]; report: Report; pools: Pools },
): readonly Pool[] | undefined {
  if (pool.namespace !== undefined && pool.namespace !== namespace) {
    report.error('RefNotPermitted', 'spec.pool.namespace', 'the pool is of another namespace: make the object there');
    return undefined;
  }
  const found = own.filter(({ name }) => name === pool.name);
  if (found.length > 0) return found;
  if (pools.byName.has(`${namespace}/${pool.name}`))
    report.error('PoolInvalid', 'spec.pool', 'the pool can not be used: see what is said about it');
  else report.error('PoolNotFound', 'spec.pool', 'no CognitoPool of this namespace has this name: correct it');
  return undefined;
}

function warnIfShort(one: Said, pools: Iterable<Pool>, report: Report): void {
  if (one.keptUntil === undefined || one.before === undefined) return;
  let longest = 0;
  for (const { session } of pools) longest = Math.max(longest, session.signInLifetime);
  if (one.keptUntil >= one.before + longest) return;
  const fix = 'raise it to the signInLifetime of the pool';
  report.warn('KeptTooShort', 'spec.keepFor', `sign-ins that it ends would go on when it is deleted: ${fix}`);
}

/** The same object as last time while nothing changes: what is made of it is remembered by that. */
function revocationOf(one: Said, before: number, ids: readonly PoolId[] | 'every'): Revocation {
  const last = one.revocation;
  if (last !== undefined && (last.pools === ids || String(last.pools) === String(ids))) return last;
  one.revocation = { pools: ids, who: one.who, before };
  return one.revocation;
}

/** Of two documents about one object neither holds. */
function read({ report, values }: Entry): Said | undefined {
  const [value, another] = values;
  if (value === undefined || another !== undefined) return undefined;
  const spec = parse(sessionRevocation, value, report)?.spec;
  return spec && said(value, spec);
}

/** What came of an object without a mistake, beside these pools. */
const remembered = new WeakMap<Json, { readonly context: string; readonly report: RevocationReport }>();

function readOnce(entry: Entry, reading: Reading): RevocationReport {
  const [value, another] = entry.values;
  if (value === undefined || another !== undefined) return readRevocation(entry, reading);
  const last = remembered.get(value);
  if (last?.context === reading.context) return last.report;
  const report = readRevocation(entry, reading);
  if (entry.report.findings.length === 0) remembered.set(value, { context: reading.context, report });
  return report;
}

function readRevocation(entry: Entry, reading: Reading): RevocationReport {
  const { ref, report } = entry;
  const nothing = { ref, revocation: undefined, ends: undefined, before: undefined, keptUntil: undefined };
  const one = read(entry);
  if (one === undefined) return nothing;
  const { before, keptUntil, ends } = one;
  if (before === undefined)
    report.error('Invalid', 'spec.before', 'is missing: only a cluster knows when an object was created: add it');
  const pools = poolsOf(entry, one.spec, reading);
  if (before === undefined || pools === undefined) return { ...nothing, keptUntil };
  warnIfShort(one, pools === 'every' ? [...reading.usable.values()].flat() : pools, report);
  const ids = pools === 'every' ? pools : pools.map(({ id }) => id);
  return { ref, revocation: revocationOf(one, before, ids), ends, before, keptUntil };
}

/** One that can't be read, or may not end what it wants to, ends nothing: a finding says so. */
export function readRevocations(
  entries: readonly Entry[],
  pools: Pools,
  installation: Installation,
): readonly RevocationReport[] {
  if (entries.length === 0) return [];
  const all = [...pools.byName.values()].flatMap(({ pool }) => pool ?? []);
  const usable = Map.groupBy(all, ({ namespace }) => namespace);
  const context = contextOf(pools, installation);
  const reading = { pools, installation, usable, context };
  return entries.map((entry) => readOnce(entry, reading));
}

function contextOf(pools: Pools, { releaseNamespace }: Installation): string {
  const each = [...pools.byName].map(([name, { pool }]) => [name, pool?.id, pool?.session.signInLifetime]);
  return JSON.stringify([releaseNamespace, each]);
}
