import { dirname } from 'node:path';
import { toolPath } from '../../test/support/cluster/tools.ts';
import type { GateCluster } from '../../test/support/gate-cluster.ts';
import { accountLines, machineLines, people, readyFields, trustLines } from '../announcement.ts';
import { hosts, origin, policies } from '../settings.ts';
import type { Ports } from '../settings.ts';
import { cache, caFile } from './settings.ts';
import type { ProxyName } from './settings.ts';

/** As that of `make demo`, and how to reach the cluster. */
export function readyFile(ports: Ports, { cluster, replicas }: GateCluster): string {
  const ready = {
    ...readyFields(ports, caFile),
    kubeconfig: cluster.kubeconfig,
    kubectl: toolPath('kubectl'),
    open: { news: origin(hosts.news, ports.public.port) },
    replicas: replicas.map((replica) => ({
      name: replica.name,
      pid: replica.pid(),
      decisions: `http://127.0.0.1:${replica.ports.decisions}`,
      operations: `http://127.0.0.1:${replica.ports.operations}`,
    })),
  };
  return `${JSON.stringify(ready, undefined, 2)}\n`;
}

const proxies: Readonly<Record<ProxyName, string>> = {
  traefik: 'Traefik, reading the annotations of ingress-nginx (DEMO_PROXY=nginx: NGINX)',
  nginx: 'NGINX, configured as ingress-nginx would',
};

export function announcement(ports: Ports, gate: GateCluster, proxy: ProxyName): string {
  const [shop, wiki, news] = [hosts.shop, hosts.wiki, hosts.news].map((host) => origin(host, ports.public.port));
  const first = gate.replicas[0];
  return `
cognito-gate demo is up: an API server, etcd and two replicas from the chart, all real.
In front: ${proxies[proxy]}.

  shop   ${shop}/     ${shop}/admin
  wiki   ${wiki}/     ${wiki}/admin
  news   ${news}/     open to everybody, so far

Accounts (user name, password, groups):

${accountLines().join('\n')}

${machineLines(ports, caFile)}

In another terminal:

  export PATH=${dirname(toolPath('kubectl'))}:$PATH
  export KUBECONFIG=${gate.cluster.kubeconfig}

Things to try:

  kubectl get accesspolicies -A                    who is protected, and if not, why
  kubectl describe ingress shop -n shop            what was written to it, and what happened to it
  kubectl describe cognitopool demo -n identity    what the pool answered, and what to register with it
  kubectl annotate ingress news -n news cognito-gate.dev/allowed-groups=admins
                                                   news is closed to all but ada; with allowed-groups- it is open again
  kubectl delete accesspolicy shop -n shop         shop refuses everybody: it doesn't open by that
  kubectl apply -f ${policies}/shop.yaml         there again; edit the file, and say it once more
  kubectl create -f demo/cluster/end-bob.yaml
                                                   ends bob's sessions on both replicas; he may sign in again
  kubectl get sessionrevocations -A                whose sessions end, and whether every replica refuses
  kubectl events -A                                the story so far
  kill -9 ${String(first?.pid() ?? '').padEnd(41)}${first?.name}; the other one serves, and leads within 15 s

Who is in which group: ${people(ports)}
Take bob out of staff there, and 30 s later the wiki is closed to him, without a sign-out.

${trustLines(caFile)}

Here is no controller-manager: a deleted namespace stays Terminating, and nothing runs in Pods.

  Metrics  ${gate.replicas.map(({ ports: { operations } }) => `http://127.0.0.1:${operations}/metrics`).join('  ')}
  Logs     ${cache}/

Ctrl-C stops everything.
`;
}
