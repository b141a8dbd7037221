import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { startBalancer } from '../support/balancer.ts';
import type { Balancer } from '../support/balancer.ts';
import { startChild } from '../support/child.ts';
import type { Cluster } from '../support/cluster/cluster.ts';
import { startReplica } from '../support/replica.ts';
import type { Replica } from '../support/replica.ts';

export interface KubeletInput {
  readonly cluster: Cluster;
  readonly folder: string;
  /** Where the release is reached, as its Services would say. */
  readonly ports: { readonly decisions: number; readonly signIn: number; readonly webhook: number };
  readonly extraCaFile: string;
  readonly release: string;
}

type Fields = Readonly<Record<string, unknown>>;

const apps = '/apis/apps/v1/namespaces';
const batch = '/apis/batch/v1/namespaces';

/**
 * What nodes and their controllers would do for one release whose objects helm has put there: as many replicas as the
 * Deployment says, with the ConfigMap and the token of the ServiceAccount, and its Job.
 */
export class Kubelet {
  readonly #input: KubeletInput;
  readonly #ended = new Set<string>();
  readonly #replicas: Replica[] = [];
  readonly #balancers: Balancer[] = [];
  /** What runs, as text. */
  #print = '0 undefined';
  #generation = 0;
  #stopped = false;
  readonly #loop: Promise<void>;
  /** What its Jobs printed. */
  jobLog = '';

  constructor(input: KubeletInput) {
    this.#input = input;
    this.#loop = this.#run();
    // Told when it is stopped.
    this.#loop.catch(() => undefined);
  }

  replicas(): readonly Replica[] {
    return this.#replicas;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    try {
      await this.#loop;
    } finally {
      await this.#end();
    }
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      await this.#deployment();
      await this.#jobs();
      await sleep(200);
    }
  }

  async #get(path: string): Promise<unknown> {
    const { status, body } = await this.#input.cluster.ask({ path });
    return status === 200 ? body : undefined;
  }

  async #deployment(): Promise<void> {
    const { release } = this.#input;
    const found = (await this.#get(`${apps}/${release}/deployments/${release}`)) as Deployment | undefined;
    const wanted = found?.spec.replicas ?? 0;
    const print = `${wanted} ${JSON.stringify(found?.spec.template)}`;
    if (this.#print !== print) {
      await this.#end();
      if (wanted > 0) await this.#start(wanted);
      this.#print = print;
    }
    if (found !== undefined && this.#generation !== found.metadata.generation) {
      await this.#patch(`${apps}/${release}/deployments/${release}/status`, {
        observedGeneration: found.metadata.generation,
        replicas: wanted,
        updatedReplicas: wanted,
        readyReplicas: wanted,
        availableReplicas: wanted,
      });
      this.#generation = found.metadata.generation;
    }
  }

  async #patch(path: string, status: Fields): Promise<void> {
    const answer = await this.#input.cluster.ask({
      method: 'PATCH',
      path,
      contentType: 'application/merge-patch+json',
      body: { status },
    });
    if (answer.status !== 200) throw new Error(`${path}: ${JSON.stringify(answer.body).slice(0, 500)}`);
  }

  async #config(): Promise<Fields> {
    const { release, extraCaFile } = this.#input;
    const path = `/api/v1/namespaces/${release}/configmaps/${release}-config`;
    const map = (await this.#get(path)) as { data: Readonly<Record<string, string>> };
    return { ...(parse(map.data['config.yaml'] ?? '') as Fields), extraCaFile, shutdownDelay: '0s' };
  }

  async #kubeconfig(): Promise<string> {
    const { cluster, release } = this.#input;
    return await cluster.kubeconfigFor(await cluster.serviceAccountToken(release, release));
  }

  async #start(count: number): Promise<void> {
    const { folder, ports } = this.#input;
    await mkdir(folder, { recursive: true });
    const [config, kubeconfig] = [await this.#config(), await this.#kubeconfig()];
    for (let index = 0; index < count; index += 1) {
      const name = `cognito-gate-${index}`;
      this.#replicas.push(await startReplica({ folder, name, kubeconfig, config }));
    }
    for (const role of ['decisions', 'signIn', 'webhook'] as const) {
      const targets = this.#replicas.map((one) => one.ports[role]);
      this.#balancers.push(await startBalancer(ports[role], targets));
    }
    for (const replica of this.#replicas) while (!(await replica.ready())) await sleep(50);
  }

  async #end(): Promise<void> {
    await Promise.all(this.#replicas.splice(0).map(async (replica) => await replica.stop()));
    await Promise.all(this.#balancers.splice(0).map(async (balancer) => await balancer.close()));
  }

  async #jobs(): Promise<void> {
    const { release } = this.#input;
    const list = (await this.#get(`${batch}/${release}/jobs`)) as { items: readonly Job[] } | undefined;
    for (const job of list?.items ?? []) {
      if (this.#ended.has(job.metadata.uid)) continue;
      this.#ended.add(job.metadata.uid);
      const began = time();
      const done = await this.#program(job.spec.template.spec.containers[0]?.args ?? []);
      const condition = (type: string): Fields => ({ type, status: 'True', lastTransitionTime: time() });
      await this.#patch(`${batch}/${release}/jobs/${job.metadata.name}/status`, {
        startTime: began,
        ...(done
          ? { completionTime: time(), succeeded: 1, conditions: ['SuccessCriteriaMet', 'Complete'].map(condition) }
          : { failed: 1, conditions: ['FailureTarget', 'Failed'].map(condition) }),
      });
    }
  }

  /** Whether it ended well. */
  async #program(args: readonly string[]): Promise<boolean> {
    const config = await this.#config();
    const source = {
      cluster: { ...(config['source'] as { cluster: Fields }).cluster, kubeconfig: await this.#kubeconfig() },
    };
    const [file, logFile] = ['job.yaml', 'job.log'].map((name) => join(this.#input.folder, name)) as [string, string];
    await writeFile(file, stringify({ ...config, source }));
    const mounted = args.map((arg) => (arg === '/etc/cognito-gate/config.yaml' ? file : arg));
    const child = startChild({ name: 'job', command: process.execPath, args: ['src/main.ts', ...mounted], logFile });
    const how = await child.ended;
    this.jobLog = await readFile(logFile, 'utf8');
    return how.includes('exit code 0');
  }
}

const time = (): string => new Date().toISOString().replace(/\.\d+Z/, 'Z');

interface Deployment {
  readonly metadata: { readonly generation: number };
  readonly spec: { readonly replicas: number; readonly template: unknown };
}

interface Job {
  readonly metadata: { readonly name: string; readonly uid: string };
  readonly spec: {
    readonly template: { readonly spec: { readonly containers: readonly { args: readonly string[] }[] } };
  };
}
