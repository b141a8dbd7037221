import { setTimeout as sleep } from 'node:timers/promises';
import { startBalancer } from '../../test/support/balancer.ts';
import type { Balancer } from '../../test/support/balancer.ts';
import { freePort } from '../../test/support/ports.ts';
import { startRedis } from '../../test/support/redis.ts';
import type { Redis } from '../../test/support/redis.ts';
import { until } from '../../test/support/until.ts';
import type { Fault } from './fault-list.ts';
import type { GroundOptions } from './ground.ts';

/** A primary with its replica, behind an endpoint that leads to the primary, as managed services have it. */
export interface Pair {
  readonly primary: Redis;
  readonly replica: Redis;
  readonly endpoint: { cut(): Promise<void>; lead(to: Redis): Promise<void> };
}

export async function withRedis(run: (options: Partial<GroundOptions>, pair: Pair) => Promise<void>): Promise<void> {
  const [primary, replica] = [await startRedis(), await startRedis()];
  await replica.cli('REPLICAOF', '127.0.0.1', String(primary.port));
  const port = await freePort();
  let balancer: Balancer | undefined = await startBalancer(port, [primary.port]);
  const cut = async (): Promise<void> => {
    await balancer?.close();
    balancer = undefined;
  };
  const lead = async (to: Redis): Promise<void> => {
    await cut();
    balancer = await startBalancer(port, [to.port]);
  };
  try {
    const store = { redis: { urls: [`redis://127.0.0.1:${port}`] } };
    await run({ config: { store } }, { primary, replica, endpoint: { cut, lead } });
  } finally {
    await cut();
    await Promise.all([primary.close(), replica.close()]);
  }
}

const outageMs = 40_000;

/** The last one leaves the pair with its roles changed. */
export function redisFaults({ primary, replica, endpoint }: Pair): readonly Fault[] {
  return [
    {
      name: 'Redis down',
      what: 'its endpoint cuts and refuses connections for 40 s; the data stay',
      run: async () => {
        await endpoint.cut();
        await sleep(outageMs);
        await endpoint.lead(primary);
      },
    },
    {
      name: 'Redis slow',
      what: 'for 40 s it answers nothing in 2 of every 3 s',
      run: async () => {
        for (let round = 0; round * 3000 < outageMs; round += 1) {
          primary.pause();
          await sleep(2000);
          primary.resume();
          await sleep(1000);
        }
      },
    },
    {
      name: 'Redis full',
      what: 'every write is refused (maxmemory) for 40 s',
      run: async () => {
        await primary.cli('CONFIG', 'SET', 'maxmemory', '1');
        await sleep(outageMs);
        await primary.cli('CONFIG', 'SET', 'maxmemory', '0');
      },
    },
    {
      name: 'Redis failed over',
      what: 'the primary is killed; 5 s later its replica is the primary, and the endpoint leads there',
      run: async () => {
        await until(
          async () => (await replica.cli('INFO', 'replication')).includes('master_link_status:up'),
          'in step',
        );
        await primary.stop();
        await sleep(5000);
        await replica.cli('REPLICAOF', 'NO', 'ONE');
        await endpoint.lead(replica);
        await sleep(10_000);
      },
    },
  ];
}
