import type { Finding, ObjectRef } from '../model/finding.ts';
import type { IngressPlan } from '../model/plan.ts';
import { companionKey } from './companion-jobs.ts';
import { wantedCompanions } from './companions.ts';
import { planKey } from './round.ts';
import { objectKey } from './world.ts';
import type { ControllerSettings, World } from './world.ts';

export interface WritingState {
  /** The API server's words, by the key of what it refused. */
  readonly refusals: ReadonlyMap<string, string>;
  contested(key: string): boolean;
  readonly managers: ReadonlyMap<string, string>;
}

/** What only writing shows: who fights with us, and what the API server (or a webhook of somebody else) refuses. */
export function writingFindings(world: World, state: WritingState, settings: ControllerSettings): readonly Finding[] {
  const contested = world.plans
    .filter((plan) => state.contested(planKey(plan)))
    .map((plan) => contestedFinding(plan, state.managers.get(planKey(plan))));
  if (state.refusals.size === 0) return contested;
  return [...contested, ...refusedObjects(world, state.refusals), ...shadowed(world, state.refusals, settings)];
}

function contestedFinding(plan: IngressPlan, manager: string | undefined): Finding {
  const who = manager === undefined ? 'somebody' : `"${manager}" (so managedFields say)`;
  const message = `${who} keeps changing the annotations that cognito-gate writes; they are put back once a minute. Let it leave nginx.ingress.kubernetes.io/auth-* and cognito-gate.dev/status alone`;
  return { object: ingressRef(plan), severity: 'error', reason: 'Contested', field: 'metadata.annotations', message };
}

function ingressRef({ namespace, name }: IngressPlan): ObjectRef {
  return { kind: 'Ingress', namespace, name };
}

function refusedObjects(world: World, refusals: ReadonlyMap<string, string>): readonly Finding[] {
  const ingresses = world.plans.map(ingressRef);
  const refs = [...ingresses, ...world.policies.map(({ ref }) => ref), ...world.pools.map(({ ref }) => ref)];
  return refs.flatMap((object) => {
    const words = refusals.get(objectKey(object.kind, object.namespace, object.name));
    if (words === undefined) return [];
    const isIngress = object.kind === 'Ingress';
    const message = `the API server refuses what cognito-gate writes here: ${words}`;
    return [
      {
        object,
        severity: isIngress ? 'error' : 'warning',
        reason: 'WriteRefused',
        field: isIngress ? 'metadata.annotations' : 'status',
        message,
      },
    ];
  });
}

function shadowed(
  world: World,
  refusals: ReadonlyMap<string, string>,
  settings: ControllerSettings,
): readonly Finding[] {
  return world.plans
    .filter(({ act }) => act === 'Wire')
    .flatMap((plan) =>
      wantedCompanions([plan], settings).flatMap(({ name, host }): Finding[] => {
        const words = refusals.get(companionKey(name, { settings }));
        if (words === undefined) return [];
        const message = `nobody can sign in at ${host}: the API server refuses the Ingress ${settings.releaseNamespace}/${name}, which leads ${settings.install.prefix} to us: ${words}`;
        return [
          { object: ingressRef(plan), severity: 'error', reason: 'SignInShadowed', field: 'spec.rules', message },
        ];
      }),
    );
}
