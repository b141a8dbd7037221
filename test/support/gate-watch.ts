import { setTimeout as sleep } from 'node:timers/promises';
import { routeId } from '../../src/translate/route-id.ts';
import type { Replica } from './replica.ts';
import { ask } from './request.ts';

/** An Ingress as a decision is asked about it. */
export interface Asked {
  readonly namespace: string;
  readonly name: string;
  readonly host: string;
  readonly path?: string;
  /** Of a browser that is to get in; without it nobody may. */
  readonly cookie?: string;
}

/** What NGINX asks a replica about a navigation to this Ingress: the status, 0 where nothing came in time. */
export async function askDecision(replica: Replica, asked: Asked, timeoutMs = 3000): Promise<number> {
  const url = `http://127.0.0.1:${replica.ports.decisions}/nginx/${routeId(asked.namespace, asked.name)}`;
  const headers = {
    'x-original-url': `https://${asked.host}${asked.path ?? '/'}`,
    'x-original-method': 'GET',
    'x-real-ip': '192.0.2.7',
    accept: 'text/html',
    ...(asked.cookie === undefined ? {} : { cookie: asked.cookie }),
  };
  const given = new AbortController();
  const answered = ask(url, { headers }).then(
    ({ status }) => status,
    () => 0,
  );
  const late = sleep(timeoutMs, 0, { signal: given.signal }).catch(() => 0);
  const status = await Promise.race([answered, late]);
  given.abort();
  return status;
}

export interface GateWatch {
  /** Every kind of answer since the last look that let a stranger in or kept out a person, or that didn't come. */
  faults(): readonly string[];
  readonly asked: number;
  /** A replica that may be silent for a while, as it is about to end. */
  excuse(replica: Replica, isExcused: boolean): void;
  stop(): Promise<void>;
}

/** Asks each replica about each Ingress for as long as it isn't stopped. */
export function watchDecisions(
  replicas: () => readonly Replica[],
  asks: () => readonly Asked[],
  pauseMs = 40,
): GateWatch {
  const faults = new Map<string, number>();
  const excused = new Set<Replica>();
  let asked = 0;
  const ending = new AbortController();
  const one = async (replica: Replica, ingress: Asked): Promise<void> => {
    // Who asked before the replica was back may have its answer only after.
    const wasExcused = excused.has(replica);
    const status = await askDecision(replica, ingress);
    asked += 1;
    const isRight = ingress.cookie === undefined ? status === 401 || status === 403 : status === 200;
    if (isRight || (status === 0 && (wasExcused || excused.has(replica)))) return;
    const fault = `${replica.name} answered ${status || 'nothing'} about ${ingress.namespace}/${ingress.name}${ingress.cookie === undefined ? '' : ' with a session'}`;
    faults.set(fault, (faults.get(fault) ?? 0) + 1);
  };
  const loop = async (): Promise<void> => {
    while (!ending.signal.aborted) {
      for (const ingress of asks()) {
        await Promise.all(replicas().map(async (replica) => await one(replica, ingress)));
      }
      await sleep(pauseMs);
    }
  };
  const done = loop();
  return {
    faults: () => {
      const found = [...faults].map(([fault, times]) => `${fault} (${times} times)`);
      faults.clear();
      return found;
    },
    get asked() {
      return asked;
    },
    excuse: (replica, isExcused) => void (isExcused ? excused.add(replica) : excused.delete(replica)),
    stop: async () => {
      ending.abort();
      await done;
    },
  };
}
