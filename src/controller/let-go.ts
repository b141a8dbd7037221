import type { Install } from '../planes/nginx-wiring.ts';
import type { Telling } from './events.ts';
import { withdrawnNotice } from './ingress-jobs.ts';
import type { Round } from './round.ts';
import { hasOurAuthUrl, isWired } from './wanted-ingress.ts';

export interface LetGo {
  /** About Ingresses that were wired at the last look, stand there still, and carry nothing of ours any more. */
  since(round: Round, install: Install): readonly Telling[];
}

interface Wired {
  readonly uid: string;
  readonly routeId: string;
}

/**
 * Whoever takes the marks off an Ingress opens an app, and that is looked for among the events. The webhook takes the
 * wiring off in the same request, so that nothing is left to write that would tell.
 */
export function createLetGo(): LetGo {
  let wired: ReadonlyMap<string, Wired> = new Map();
  return {
    since: (round, install) => {
      const before = wired;
      wired = wiredNow(round, install);
      return [...before].flatMap(([key, { uid, routeId }]) => {
        const about = round.ingresses.get(key);
        // What has a plan is told about by that: it refuses, can't be protected, or is about to be withdrawn.
        if (about === undefined || about.metadata.uid !== uid || round.plans.has(key)) return [];
        if (hasOurAuthUrl(routeId, about, install)) return [];
        return [{ about, action: 'Write', written: false, ready: true, ...withdrawnNotice }];
      });
    },
  };
}

function wiredNow(round: Round, install: Install): ReadonlyMap<string, Wired> {
  const now = new Map<string, Wired>();
  for (const [key, plan] of round.plans) {
    const { act, routeId } = plan;
    const current = act === 'Wire' ? round.ingresses.get(key) : undefined;
    if (current !== undefined && isWired(plan, current, install)) now.set(key, { uid: current.metadata.uid, routeId });
  }
  return now;
}
