import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../../test/support/until.ts';
import type { Ground } from './ground.ts';

export interface Fault {
  readonly name: string;
  /** For the table: what is done. */
  readonly what: string;
  /** Returns when the fault is over; what still answers wrongly then has to recover. */
  run(ground: Ground): Promise<void>;
}

/** Longer than a token's life, so that everything that was known at the start has expired within it. */
const outageMs = 40_000;

const tokenFault = (name: string, what: string, fault: Ground['gate']['cognito']['faults']['token']): Fault => ({
  name,
  what,
  run: async ({ gate: { cognito } }) => {
    cognito.faults.token = fault;
    await sleep(outageMs);
    cognito.faults.token = undefined;
  },
});

/** Faults of Cognito; the first one is none, for comparison. */
export const cognitoFaults: readonly Fault[] = [
  { name: 'none', what: 'nothing for 20 s', run: async () => await sleep(20_000) },
  {
    name: 'Cognito down',
    what: 'every endpoint cuts the connection for 40 s',
    run: async ({ gate: { cognito } }) => {
      const cut = { reset: true };
      Object.assign(cognito.faults, { token: cut, jwks: cut, discovery: cut, revoke: cut });
      await sleep(outageMs);
      Object.assign(cognito.faults, { token: undefined, jwks: undefined, discovery: undefined, revoke: undefined });
    },
  },
  tokenFault('Cognito slow', 'the token endpoint takes 6 s for 40 s', { delayMs: 6000 }),
  tokenFault('Cognito throttles', 'the token endpoint answers 429 for 40 s', { status: 429 }),
  {
    name: 'Cognito rotates its keys',
    what: 'both signing keys are replaced at once',
    run: async ({ gate: { cognito } }) => {
      cognito.rotateKeys();
      await sleep(outageMs);
    },
  },
  {
    name: 'DNS gone',
    what: 'the name of Cognito is not found for 40 s',
    run: async (ground) => {
      ground.nameCognito(false);
      await sleep(outageMs);
      ground.nameCognito(true);
    },
  },
];

/** Faults of the cluster around the program. */
export const clusterFaults: readonly Fault[] = [
  {
    name: 'API server down',
    what: 'killed, and started again after 40 s',
    run: async ({ gate: { cluster } }) => {
      await cluster.stopApi('SIGKILL');
      await sleep(outageMs);
      await cluster.startApi();
    },
  },
  {
    name: 'replica killed',
    what: 'kill -9; its address leaves DNS 2 s later, and it is back 10 s after that',
    run: async (ground) => {
      const [first] = ground.gate.replicas;
      await first?.kill();
      await sleep(2000);
      ground.pointAt([1]);
      await sleep(10_000);
      await first?.start();
      await until(async () => (await first?.ready()) === true, 'the killed replica to be ready again', 30_000);
      ground.pointAt([0, 1]);
    },
  },
  rollingRestart('rolling restart', 'both replicas replaced, one after the other, shutdownDelay 40 s'),
];

/** As a Deployment does with maxSurge 1 and maxUnavailable 0: a new one is ready before an old one is told to end. */
export function rollingRestart(name: string, what: string): Fault {
  return { name, what, run: replaceAll };
}

async function replaceAll(ground: Ground): Promise<void> {
  const { gate } = ground;
  const old = gate.replicas.map((replica, index) => ({ replica, index })).slice(-2);
  let serving = old.map(({ index }) => index);
  for (const { replica, index } of old) {
    const fresh = await gate.another();
    await until(async () => await fresh.ready(), 'the new replica to be ready', 30_000);
    serving = [...serving.filter((one) => one !== index), gate.replicas.length - 1];
    // Endpoints and SIGTERM at the same moment, as in a cluster.
    ground.pointAt(serving);
    await replica.stop(60_000);
  }
}

/** While people can't be refreshed: the tokens of all are young when it starts. */
export const restartWithoutCognito: Fault = {
  name: 'rolling restart while Cognito is down',
  what: 'both replicas replaced while every endpoint of Cognito cuts the connection',
  run: async (ground) => {
    const { faults } = ground.gate.cognito;
    const cut = { reset: true };
    Object.assign(faults, { token: cut, jwks: cut, discovery: cut });
    await replaceAll(ground);
    Object.assign(faults, { token: undefined, jwks: undefined, discovery: undefined });
  },
};
