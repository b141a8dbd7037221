import { createHash } from 'node:crypto';
import type { NamedHost } from './hosts.ts';
import type { Pool } from '../model/pool.ts';
import type { Revocation } from '../model/revocation.ts';
import type { Route } from '../model/route.ts';

interface Content {
  readonly routes: readonly Route[];
  readonly pools: readonly Pool[];
  /** In the order of their objects' names. */
  readonly revocations: readonly Revocation[];
  readonly namedElsewhere: readonly NamedHost[];
}

/**
 * SHA-256 over a JSON that doesn't depend on the order of routes or pools. Secrets go in as their digest. The order of
 * keys is that in which translate writes them, the same in every process: to sort them took most of the time of a
 * translation of 1,000 routes.
 */
export function hashTable({ routes, pools, revocations, namedElsewhere }: Content): string {
  const content = {
    routes: routes.toSorted(byId),
    pools: pools.toSorted(byId).map((pool) => ({ ...pool, clientSecret: digest(pool.clientSecret?.reveal()) })),
    revocations: printOf(revocations),
    namedElsewhere: namedElsewhere.length === 0 ? undefined : namedElsewhere.map(hostOf).toSorted(),
  };
  return sha256(JSON.stringify(content));
}

function hostOf({ host, namespace }: NamedHost): string {
  return `${host} ${namespace}`;
}

function byId(a: { readonly id: string }, b: { readonly id: string }): number {
  return a.id < b.id ? -1 : Number(a.id > b.id);
}

/** Revocations never change, and there may be very many: each is made text once. */
const prints = new WeakMap<Revocation, string>();

function printOf(revocations: readonly Revocation[]): string | undefined {
  if (revocations.length === 0) return undefined;
  const texts = revocations.map((one) => {
    const known = prints.get(one) ?? JSON.stringify(one);
    prints.set(one, known);
    return known;
  });
  return sha256(texts.join('\n'));
}

function digest(secret: string | undefined): string | undefined {
  return secret === undefined ? undefined : sha256(secret);
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
