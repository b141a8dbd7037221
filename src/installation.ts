import type { Config } from './config.ts';
import type { Installation } from './model/snapshot.ts';
import { decisionsUrl } from './planes/nginx-wiring.ts';

/** Where a folder speaks of nothing in a cluster, an `auth-url` can be ours only by this address. */
const usualAddress = 'cognito-gate-decisions.cognito-gate.svc.cluster.local:8080';

/** What of the configuration decides how objects are read. */
export function installationOf(config: Config): Installation {
  const { release } = config;
  const pools = release === undefined ? config.poolNamespaces : [release.namespace, ...config.poolNamespaces];
  return {
    signInHost: config.signInHost,
    defaultPool: config.defaultPool,
    poolNamespaces: [...new Set(pools)],
    clientAddressKnown: config.clientAddress === 'XRealIp',
    prefix: config.prefix,
    controllerName: config.controllerName,
    decisionsUrl: decisionsUrl(config.decisionsAddress ?? usualAddress),
    releaseNamespace: config.source.cluster === undefined ? undefined : release?.namespace,
    ingressControllers: config.ingressControllers,
    onPolicyGone: config.onPolicyGone,
    sharedHosts: config.sharedHosts,
  };
}
