import type { Caller, Groups, Identity } from '../model/identity.ts';
import type { Revocation, RevocationAnswer } from '../model/revocation.ts';

/** What the revocations say about the sign-ins of one pool; for each name the newest time counts. */
interface OfPool {
  everyone: number;
  /** The newest time of all: whoever signed in after it has nothing to do with any of them. */
  newest: number;
  newestEmail: number;
  readonly subject: Map<string, number>;
  readonly username: Map<string, number>;
  readonly email: Map<string, number>;
  readonly group: Map<string, number>;
}

/**
 * A few look-ups by name, however many revocations there are. `Every` pool's revocations stand apart: they hold for pools
 * that come later, too.
 */
export function compileRevocations(revocations: readonly Revocation[]): (caller: Caller) => RevocationAnswer {
  const byPool = new Map<string, OfPool>();
  for (const revocation of revocations) {
    for (const pool of revocation.pools === 'every' ? ['every'] : revocation.pools) {
      const known = byPool.get(pool) ?? nothing();
      byPool.set(pool, known);
      add(known, revocation);
    }
  }
  if (byPool.size === 0) return () => 'no';
  const every = byPool.get('every');
  return (caller) => {
    const own = byPool.get(caller.pool);
    const first = own === undefined ? 'no' : answer(own, caller);
    if (every === undefined || first === 'yes') return first;
    const second = answer(every, caller);
    return second === 'no' ? first : second;
  };
}

function nothing(): OfPool {
  const names = (): Map<string, number> => new Map();
  return {
    everyone: -Infinity,
    newest: -Infinity,
    newestEmail: -Infinity,
    subject: names(),
    username: names(),
    email: names(),
    group: names(),
  };
}

function add(known: OfPool, { who, before }: Revocation): void {
  known.newest = Math.max(known.newest, before);
  if (who.kind === 'everyone') {
    known.everyone = Math.max(known.everyone, before);
    return;
  }
  if (who.kind === 'email') known.newestEmail = Math.max(known.newestEmail, before);
  const names = known[who.kind];
  const name = who.kind === 'email' ? who.value.toLowerCase() : who.value;
  names.set(name, Math.max(before, names.get(name) ?? -Infinity));
}

function answer(known: OfPool, caller: Caller): RevocationAnswer {
  const since = caller.authTime;
  if (since > known.newest) return 'no';
  if (since <= known.everyone) return 'yes';
  // Cognito writes the id of a machine's client into `sub` (cognito.md 2.3).
  if (caller.kind === 'machine') return holds(known.subject, caller.client, since) ? 'yes' : 'no';
  return isNamed(known, caller, since) ? 'yes' : ofTheUnknown(known, caller, since);
}

function holds(names: ReadonlyMap<string, number>, name: string, since: number): boolean {
  return since <= (names.get(name) ?? -Infinity);
}

function isNamed({ subject, username, email }: OfPool, person: Identity, since: number): boolean {
  if (holds(subject, person.subject, since) || holds(username, person.username, since)) return true;
  // Of an address that nobody has verified too: else one got out by making it unverified, as of a deny entry.
  return person.email !== undefined && holds(email, person.email.toLowerCase(), since);
}

function ofTheUnknown(known: OfPool, person: Identity, since: number): RevocationAnswer {
  const first = known.group.size === 0 ? 'no' : ofGroups(known.group, person.groups, since);
  // An access token alone doesn't tell the address.
  return first === 'no' && person.bearer === true && since <= known.newestEmail ? 'unknown' : first;
}

function ofGroups(revoked: ReadonlyMap<string, number>, groups: Groups, since: number): RevocationAnswer {
  for (const name of groups.names) if (since <= (revoked.get(name) ?? -Infinity)) return 'yes';
  const { judged, names } = groups;
  if (judged === undefined) return 'no';
  for (const [name, before] of revoked) if (since <= before && !judged.has(name) && !names.has(name)) return 'unknown';
  return 'no';
}
