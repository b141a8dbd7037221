import { startFront } from './front.ts';
import type { GateCluster } from './gate-cluster.ts';
import { account, sessionOn } from './steps.ts';
import { until } from './until.ts';
import { Visitor } from './visitor.ts';

/** The session cookie of somebody who has signed in on a host of the gate, by way of a proxy that is gone again. */
export async function signedIn(gate: GateCluster, host: string, username: string): Promise<string> {
  const front = await startFront('Traefik', gate);
  try {
    let visitor = gate.visitor();
    const enters = async (): Promise<boolean> => {
      visitor = new Visitor(gate.ca);
      const page = await visitor.signIn(`${gate.url(host)}/`, account(username)).catch(() => undefined);
      return page?.status === 200 && [...visitor.cookies(host).keys()].some((name) => name.startsWith('__Host-cg-'));
    };
    await until(enters, `${username} to be signed in`, 30_000);
    return sessionOn(visitor, host).join('=');
  } finally {
    await front.stop();
  }
}
