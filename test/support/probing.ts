import { request } from 'node:https';

export interface Probing {
  /** From now on this host is asked too. */
  add(host: string): void;
  /** What this host answered so far. */
  of(host: string): ReadonlyMap<number, number>;
  /** Requests in all. */
  count(): number;
  stop(): Promise<void>;
}

/** A stranger without a cookie, on a connection of its own: a kept one would go on with what a proxy served before. */
function look(host: string, port: number): Promise<number> {
  return new Promise((resolve) => {
    const call = request(
      {
        host: '127.0.0.1',
        port,
        servername: host,
        headers: { host: `${host}:${port}`, accept: 'text/html' },
        rejectUnauthorized: false,
        agent: false,
        timeout: 5000,
      },
      (response) => {
        response.resume().on('end', () => resolve(response.statusCode ?? 0));
        response.on('error', () => resolve(0));
      },
    );
    call.on('timeout', () => call.destroy(new Error('no answer')));
    call.on('error', () => resolve(0));
    call.end();
  });
}

/** Asks every host that it was told of, through every proxy, over and over, one request after the other on each. */
export function startProbing(proxies: readonly number[]): Probing {
  const hosts: string[] = [];
  const seen = new Map<string, Map<number, number>>();
  const state = { stopped: false };
  let count = 0;
  const loop = async (port: number): Promise<void> => {
    for (let turn = 0; !state.stopped; turn += 1) {
      // The newest every other time: what is just being made is where a gap would be.
      const host = turn % 2 === 0 ? hosts.at(-1) : hosts[(turn >> 1) % hosts.length];
      if (host === undefined) {
        await new Promise((resolve) => setTimeout(resolve, 5));
        continue;
      }
      const status = await look(host, port);
      count += 1;
      const all = seen.get(host) ?? new Map<number, number>();
      all.set(status, (all.get(status) ?? 0) + 1);
      seen.set(host, all);
    }
  };
  const loops = proxies.map(loop);
  return {
    add: (host) => void (hosts.includes(host) || hosts.push(host)),
    of: (host) => seen.get(host) ?? new Map(),
    count: () => count,
    stop: async () => {
      state.stopped = true;
      await Promise.all(loops);
    },
  };
}
