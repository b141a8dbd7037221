import type { Machine } from '../model/identity.ts';
import type { MachineCondition } from '../model/policy.ts';
import type { CompiledCondition } from './condition.ts';

/** Throws where the condition asks for nothing: an empty list is a mistake, not "every machine". */
export function compileMachine({ pool, clients, scopes }: MachineCondition): CompiledCondition {
  if ((clients ?? scopes) === undefined) throw new Error('a machine entry without clients and scopes names nobody');
  if (clients?.length === 0 || scopes?.length === 0) throw new Error('an empty list names nobody');
  const ids = clients && new Set(clients);
  const holds = (machine: Machine): boolean =>
    (pool === undefined || machine.pool === pool) &&
    (ids === undefined || ids.has(machine.client)) &&
    (scopes === undefined || scopes.every((scope) => machine.scopes.has(scope)));
  return {
    about: 'machine',
    test: (caller) => (caller.kind === 'machine' && holds(caller) ? 'yes' : 'no'),
    missing: () => 'an access token of a machine that the rule names',
  };
}
