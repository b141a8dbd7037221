import { setTimeout as sleep } from 'node:timers/promises';
import { clusterConfig, controllerSettings } from './cluster-config.ts';
import { connect } from './cluster-connect.ts';
import type { Config } from './config.ts';
import { leaderGone } from './controller/leader-gone.ts';
import { unwireAll } from './controller/unwire.ts';
import { StartError } from './start-error.ts';

/**
 * Takes our annotations off every Ingress, and the companions away. What was protected is open then; the exit code is 1
 * where something could not be taken off.
 */
export async function unwireCluster(
  config: Config,
  env: NodeJS.ProcessEnv,
  print: (text: string) => number,
): Promise<number> {
  const settings = clusterConfig(config);
  const client = connect(settings, env);
  try {
    const controller = controllerSettings(config, settings);
    const leader = await leaderGone({ client, now: () => performance.now(), sleep }, controller);
    if (leader !== undefined) throw new StartError(stillLed(leader, settings.release));
    const { unwired, companions, failed } = await unwireAll(client, controller, settings.source.namespaces);
    for (const name of unwired) print(`unwired Ingress ${name}\n`);
    for (const name of companions) print(`removed companion Ingress ${name}\n`);
    for (const { object, message } of failed) print(`failed Ingress ${object}: ${message}\n`);
    print(`${unwired.length} unwired, ${companions.length} companions removed, ${failed.length} failed\n`);
    return failed.length === 0 ? 0 : 1;
  } finally {
    client.close();
  }
}

function stillLed(leader: string, { namespace, name }: { readonly namespace: string; readonly name: string }): string {
  return `${leader} leads and would put back what is taken off: kubectl scale deployment -n ${namespace} ${name} --replicas=0`;
}
