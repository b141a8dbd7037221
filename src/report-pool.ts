import type { Pool } from './model/pool.ts';
import type { PoolState, ProbeAnswer } from './model/pool-state.ts';
import type { Parts } from './source.ts';

const asked = ['discovery', 'keys', 'authorize', 'logout'] as const;

/**
 * What a pool answered, for whoever has no object to look at: the pool of the configuration has no conditions. A line
 * for each answer that is wrong, once, and one when all of them are right.
 */
export function reportPool(
  pool: Pool,
  { state, before }: { readonly state: PoolState; readonly before: PoolState | undefined },
  { log, metrics }: Pick<Parts, 'log' | 'metrics'>,
): void {
  const name = `${pool.namespace}/${pool.name}`;
  for (const what of asked) {
    const answer = state[what];
    metrics.set('cognito_gate_pool_answers', Number(answer.ok), name, what);
    if (!answer.ok && !same(answer, before?.[what]))
      log.error({ object: `CognitoPool ${name}`, asked: what, reason: answer.reason }, answer.message);
  }
  const isWell = (one: PoolState | undefined): boolean => one !== undefined && asked.every((what) => one[what].ok);
  if (isWell(state) && !isWell(before))
    log.info({ object: `CognitoPool ${name}`, issuer: state.issuer }, 'the pool answers as it should');
}

function same(a: ProbeAnswer, b: ProbeAnswer | undefined): boolean {
  return b !== undefined && a.ok === b.ok && a.message === b.message;
}
