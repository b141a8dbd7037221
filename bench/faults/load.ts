import https from 'node:https';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';

/** One request that is asked again and again, and what must come of it. */
export interface Ask {
  readonly host: string;
  readonly path: string;
  readonly cookie: string | undefined;
  readonly expected: 'allowed' | 'refused';
}

export interface Answer {
  /** Milliseconds, monotonic. */
  readonly at: number;
  readonly ms: number;
  /** 0: the connection broke. */
  readonly status: number;
  readonly expected: 'allowed' | 'refused';
}

export interface Load {
  /** Answers so far. */
  readonly answers: readonly Answer[];
  stop(): Promise<void>;
}

const timeoutMs = 30_000;

/** Asks at a steady rate, whether answers come or not; never twice for one request. */
export function startLoad(o: { asks: readonly Ask[]; port: number; ca: string; perSecond: number }): Load {
  const agent = new https.Agent({ keepAlive: true, maxSockets: 512 });
  const answers: Answer[] = [];
  const waiting = new Set<Promise<void>>();
  const stopping = new AbortController();
  const ask = async (one: Ask): Promise<void> => {
    const at = performance.now();
    const status = await send(one, { ...o, agent });
    answers.push({ at, ms: performance.now() - at, status, expected: one.expected });
  };
  const began = performance.now();
  let sent = 0;
  const running = (async () => {
    while (!stopping.signal.aborted) {
      const due = ((performance.now() - began) / 1000) * o.perSecond;
      for (; sent < due; sent += 1) {
        const one = o.asks[sent % o.asks.length];
        if (one === undefined) return;
        const asking = ask(one).finally(() => waiting.delete(asking));
        waiting.add(asking);
      }
      await sleep(4);
    }
  })();
  return {
    answers,
    stop: async () => {
      stopping.abort();
      await running;
      await Promise.all(waiting);
      agent.destroy();
    },
  };
}

function send(one: Ask, o: { port: number; ca: string; agent: https.Agent }): Promise<number> {
  return new Promise((resolve) => {
    const headers = {
      host: `${one.host}:${o.port}`,
      accept: 'application/json',
      'sec-fetch-mode': 'cors',
      ...(one.cookie === undefined ? {} : { cookie: one.cookie }),
    };
    const { host: servername, path } = one;
    const options = { host: '127.0.0.1', port: o.port, servername, path, headers, ca: o.ca, agent: o.agent };
    const request = https.get({ ...options, timeout: timeoutMs }, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode ?? 0));
      response.on('error', () => resolve(0));
    });
    request.on('error', () => resolve(0));
    request.on('timeout', () => request.destroy());
  });
}
