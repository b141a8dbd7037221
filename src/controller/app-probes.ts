import { setTimeout as sleep } from 'node:timers/promises';

/** A protected Ingress, and where on it a stranger must be refused. */
export interface ProbedApp {
  readonly namespace: string;
  readonly name: string;
  readonly host: string;
  readonly path: string;
}

/** `open`: answered with 2xx; `closed`: refused; `unclear`: something else, or nothing. */
export type ProbedAs = 'open' | 'closed' | 'unclear';

export interface AppProbesOptions {
  /** Asks the proxy as a stranger; never rejects. */
  readonly ask: (app: ProbedApp) => Promise<ProbedAs>;
  readonly apps: () => readonly ProbedApp[];
  readonly leading: () => boolean;
  readonly random: () => number;
  /** After every round, and with nothing when another replica leads. */
  onRound(open: readonly ProbedApp[]): void;
}

const every = 300_000;
/** After a start and a change of leader: proxies have loaded their configuration by then. */
const first = 30_000;
const together = 8;

/**
 * Whether apps answer past us: a setting of the proxy that nobody of ours can read, a proxy that reads another Ingress, a
 * second way in (cases P20, T17.1). Asked like anybody could ask, without a cookie, through the proxy.
 */
export function createAppProbes({ ask, apps, leading, random, onRound }: AppProbesOptions): {
  round(): Promise<void>;
  run(signal: AbortSignal): Promise<void>;
} {
  const round = async (): Promise<void> => {
    const open: ProbedApp[] = [];
    const left = apps().values();
    const worker = async (): Promise<void> => {
      for (const app of left) if ((await ask(app)) === 'open') open.push(app);
    };
    // All of them take from one iterator.
    await Promise.all(Array.from({ length: together }, worker));
    onRound(leading() ? open : []);
  };
  return {
    round,
    run: async (signal) => {
      let pause = first;
      while (!signal.aborted) {
        await sleep(pause * (0.75 + random() / 2), undefined, { signal }).catch(() => undefined);
        if (signal.aborted) return;
        pause = leading() ? every : first;
        if (leading()) await round();
        else onRound([]);
      }
    },
  };
}
