import type { ClusterConfig } from './cluster-config.ts';
import { createKubeClient } from './kubernetes/client.ts';
import type { KubeClient } from './kubernetes/client.ts';
import { openConnection } from './kubernetes/connection.ts';
import { StartError } from './start-error.ts';

/** A client of the API server that the configuration names; a StartError says why there can't be one. */
export function connect({ source }: Pick<ClusterConfig, 'source'>, env: NodeJS.ProcessEnv): KubeClient {
  const { kubeconfig, context, serviceAccountFolder } = source;
  try {
    const from = {
      ...(kubeconfig !== undefined && { kubeconfig }),
      ...(context !== undefined && { context }),
      ...(serviceAccountFolder !== undefined && { serviceAccountFolder }),
    };
    return createKubeClient(openConnection(from, env));
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new StartError(`source.cluster: ${message}`, { cause: error });
  }
}
