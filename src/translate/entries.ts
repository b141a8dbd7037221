import type { MachineCondition, PersonCondition, Policy } from '../model/policy.ts';
import type { Pool, PoolId } from '../model/pool.ts';
import type { Entry as EntrySpec } from '../schema/condition.ts';
import type { Reading } from './policies.ts';
import { lookUpPool } from './pools.ts';

export type PoolRef = { readonly name: string; readonly namespace?: string | undefined };
type MachineSpec = NonNullable<EntrySpec['machine']>;

/** The entries of one list, by whom they are about. */
export interface Entries {
  readonly people: readonly PersonCondition[];
  readonly machines: readonly MachineCondition[];
}

/** Reports why it can't be used. */
export function resolvePool(ref: PoolRef, field: string, reading: Reading): PoolId | undefined {
  const found = lookUpPool(reading.pools, `${ref.namespace ?? reading.namespace}/${ref.name}`, reading.namespace);
  if ('pool' in found) return found.pool.id;
  reading.report.error(found.reason, field, found.message);
  return undefined;
}

interface Specs {
  readonly specs: readonly EntrySpec[];
  readonly field: string;
  /** The pools that they may name; absent: any. */
  readonly ids?: readonly PoolId[];
  /** Places in the list that are left out. */
  readonly omit?: ReadonlySet<number>;
}

export function entriesOf({ specs, field, ids, omit }: Specs, reading: Reading): Entries {
  const people: PersonCondition[] = [];
  const machines: MachineCondition[] = [];
  for (const [index, spec] of specs.entries()) {
    if (omit?.has(index) === true) continue;
    const at = `${field}[${index}]`;
    if (spec.machine === undefined) people.push(personOf(spec, poolOf(spec.pool, { at: `${at}.pool`, ids }, reading)));
    else machines.push(machineOf(spec.machine, { at: `${at}.machine`, ids }, reading));
  }
  return { people, machines };
}

/** What several lists deny together. */
export function denied(all: readonly Entries[]): Pick<Policy, 'deny' | 'denyMachines'> {
  const machines = all.flatMap((entries) => entries.machines);
  return {
    deny: all.flatMap(({ people }) => people),
    ...(machines.length === 0 ? {} : { denyMachines: machines }),
  };
}

/** What a policy denies already. */
export function denialsOf({ deny, denyMachines = [] }: Policy): Entries {
  return { people: deny, machines: denyMachines };
}

interface Place {
  readonly at: string;
  readonly ids: readonly PoolId[] | undefined;
}

function poolOf(ref: PoolRef | undefined, { at, ids }: Place, reading: Reading): PoolId | undefined {
  const pool = ref === undefined ? undefined : resolvePool(ref, at, reading);
  if (pool !== undefined && ids?.includes(pool) === false) {
    const text = 'is not a pool of this policy and would never hold: add it to poolRefs';
    reading.report.error('Invalid', at, text);
  }
  return pool;
}

/** Copies what is there: in the model an absent field is not there, instead of undefined. */
function personOf(spec: EntrySpec, pool: PoolId | undefined): PersonCondition {
  return {
    ...(pool === undefined ? {} : { pool }),
    ...(spec.groups === undefined ? {} : { groups: spec.groups }),
    ...(spec.allGroups === undefined ? {} : { allGroups: spec.allGroups }),
    ...(spec.usernames === undefined ? {} : { usernames: spec.usernames }),
    ...(spec.subjects === undefined ? {} : { subjects: spec.subjects }),
    ...(spec.emails === undefined ? {} : { emails: spec.emails }),
    ...(spec.emailDomains === undefined ? {} : { emailDomains: spec.emailDomains }),
    ...(spec.claims === undefined ? {} : { claims: spec.claims }),
  };
}

function machineOf(spec: MachineSpec, { at, ids }: Place, reading: Reading): MachineCondition {
  const pool = poolOf(spec.pool, { at: `${at}.pool`, ids }, reading);
  reportClients(spec, { at, ids: pool === undefined ? ids : [pool] }, reading);
  return {
    ...(pool === undefined ? {} : { pool }),
    ...(spec.clients === undefined ? {} : { clients: spec.clients }),
    ...(spec.scopes === undefined ? {} : { scopes: spec.scopes }),
  };
}

/**
 * An entry that can never hold. It refuses by itself, so it is a warning: the owner of a pool takes a client off its list
 * to lock out that client, and not everybody who uses the app.
 */
function reportClients({ clients }: MachineSpec, { at, ids }: Place, { pools, report }: Reading): void {
  const meant = [...pools.byName.values()]
    .flatMap(({ pool }) => pool ?? [])
    .filter(({ id }) => ids?.includes(id) ?? true);
  if (meant.length === 0) return;
  const known = new Set(meant.flatMap(({ machineClients = [] }: Pool) => machineClients));
  const fix = 'correct its id, or let the owner of the pool add it to machineClients';
  for (const [index, client] of (clients ?? []).entries()) {
    if (known.has(client)) continue;
    const text = `no pool that is meant here has this client in machineClients, so its tokens are refused: ${fix}`;
    report.warn('MachineClientUnknown', `${at}.clients[${index}]`, text);
  }
  if (clients !== undefined || known.size > 0) return;
  report.warn(
    'MachineClientUnknown',
    at,
    'no pool that is meant here has machineClients, so the tokens of every machine are refused: let the owner of the pool add them',
  );
}
