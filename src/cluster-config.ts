import type { Config } from './config.ts';
import type { ControllerSettings } from './controller/leader.ts';
import type { SourceObject } from './model/snapshot.ts';

type Required<K extends keyof Config> = Exclude<Config[K], undefined>;

/** The fields that a cluster has in any case. */
export interface ClusterConfig {
  readonly source: Exclude<Config['source']['cluster'], undefined>;
  readonly release: Required<'release'>;
  readonly decisionsAddress: string;
  readonly signInService: Required<'signInService'>;
  readonly keyRing: { readonly namespace: string; readonly name: string };
  readonly webhook: Config['webhook'];
}

export function clusterConfig(config: Config): ClusterConfig {
  const { source, release, decisionsAddress, signInService, webhook } = config;
  if (source.cluster === undefined || release === undefined) throw new Error('the source is no cluster');
  if (decisionsAddress === undefined || signInService === undefined)
    throw new Error('the configuration is not checked');
  const [namespace = '', name = ''] = config.keyRingSecret.split('/');
  return { source: source.cluster, release, decisionsAddress, signInService, keyRing: { namespace, name }, webhook };
}

/** The pools of the configuration, in the form of the objects that they stand for. */
export function poolObjects({ pools, release }: Config): readonly SourceObject[] {
  return pools.map(({ name, spec }) => ({
    value: {
      apiVersion: 'cognito-gate.dev/v1alpha1',
      kind: 'CognitoPool',
      metadata: { namespace: release?.namespace, name },
      spec,
    },
    origin: 'configuration',
  }));
}

/** What everything that writes to the cluster has to know. */
export function controllerSettings(config: Config, settings: ClusterConfig): ControllerSettings {
  const { publicPort, prefix, signInHost, controllerName, companions } = config;
  return {
    controllerName,
    releaseNamespace: settings.release.namespace,
    releaseName: settings.release.name,
    owner: undefined,
    signInService: settings.signInService,
    companions,
    install: { decisionsAddress: settings.decisionsAddress, publicPort, prefix },
    signInHost,
    publicPort,
  };
}
