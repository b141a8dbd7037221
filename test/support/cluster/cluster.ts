import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createKubeClient } from '../../../src/kubernetes/client.ts';
import type { KubeClient } from '../../../src/kubernetes/client.ts';
import { openConnection } from '../../../src/kubernetes/connection.ts';
import type { Child } from '../child.ts';
import { askApi } from './api-request.ts';
import type { ApiAnswer, ApiInput } from './api-request.ts';
import { readAuditLog } from './audit.ts';
import type { AuditEvent } from './audit.ts';
import { runCommand, succeeded } from './command.ts';
import type { CommandInput, CommandResult } from './command.ts';
import { prepareControlPlane, startApiServer, startEtcd, waitUntilReady } from './control-plane.ts';
import type { ControlPlane } from './control-plane.ts';
import { writeKubeconfig } from './kubeconfig.ts';

export interface ClusterOptions {
  /** Default: a new temporary one, removed at the end. One that is named stays, and is taken up again with what is in it. */
  readonly folder?: string;
  /** More arguments of kube-apiserver. */
  readonly apiArgs?: readonly string[];
}

/**
 * A real kube-apiserver with etcd, and nothing else: no controller-manager, scheduler or kubelet. So no EndpointSlices,
 * no garbage collection by owner references, no Pods; Services have no address, aggregated ClusterRoles (`edit`,
 * `view`) stay empty, and a deleted namespace stays Terminating until `finishNamespace`.
 */
export class Cluster {
  readonly server: string;
  /** PEM text. */
  readonly ca: string;
  readonly folder: string;
  readonly adminToken: string;
  /** Path of the admin's kubeconfig. */
  readonly kubeconfig: string;
  readonly #plane: ControlPlane;
  readonly #temporary: boolean;
  readonly #etcd: Child;
  #api: Child;
  #starts = 1;
  #kubeconfigs = 0;
  #client: KubeClient | undefined;

  private constructor(
    plane: ControlPlane,
    o: { readonly kubeconfig: string; readonly temporary: boolean; readonly etcd: Child; readonly api: Child },
  ) {
    this.server = plane.server;
    this.ca = plane.ca;
    this.folder = plane.folder;
    this.adminToken = plane.adminToken;
    this.kubeconfig = o.kubeconfig;
    this.#plane = plane;
    this.#temporary = o.temporary;
    this.#etcd = o.etcd;
    this.#api = o.api;
  }

  static async start(options: ClusterOptions): Promise<Cluster> {
    const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'cg-cluster-')));
    const adminToken = randomBytes(24).toString('hex');
    const plane = await prepareControlPlane(folder, adminToken, options.apiArgs ?? []);
    const admin = { server: plane.server, ca: plane.ca, user: 'admin', token: adminToken };
    const kubeconfig = await writeKubeconfig(join(folder, 'kubeconfig'), admin);
    const etcd = await startEtcd(plane);
    const api = await bringUpApi(plane, etcd, 1).catch(async (error: unknown) => {
      await etcd.stop();
      throw error;
    });
    return new Cluster(plane, { kubeconfig, temporary: options.folder === undefined, etcd, api });
  }

  /** Every request so far but the server's own, oldest first. */
  async auditLog(): Promise<readonly AuditEvent[]> {
    return await readAuditLog(this.#plane.auditFile);
  }

  /** A call as the admin, or with another token, whatever the server answers. */
  async ask(input: ApiInput, token = this.adminToken): Promise<ApiAnswer> {
    return await askApi({ server: this.server, ca: this.ca, token }, input);
  }

  /** Our own client, as the admin; closed with the cluster. */
  client(): KubeClient {
    this.#client ??= createKubeClient(openConnection({ kubeconfig: this.kubeconfig }, {}));
    return this.#client;
  }

  /** A token of a ServiceAccount that exists, good for an hour unless told otherwise. */
  async serviceAccountToken(namespace: string, name: string, expirationSeconds = 3600): Promise<string> {
    const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`;
    const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds } };
    const answer = await this.ask({ method: 'POST', path, body });
    const object = answer.body as { status?: { token?: string }; message?: string };
    if (object.status?.token === undefined) {
      throw new Error(`no token for ServiceAccount ${namespace}/${name}: ${object.message ?? answer.status}`);
    }
    return object.status.token;
  }

  /** Path of a kubeconfig with this token; `server`: a way to it that isn't its own. */
  async kubeconfigFor(token: string, server = this.server): Promise<string> {
    this.#kubeconfigs += 1;
    const file = join(this.folder, `kubeconfig.${this.#kubeconfigs}`);
    return await writeKubeconfig(file, { server, ca: this.ca, user: 'user', token });
  }

  /** What kubectl prints; fails with its error output. Options (`{ input, kubeconfig }`) may stand among the arguments. */
  async kubectl(...input: CommandInput): Promise<string> {
    return succeeded('kubectl', input, await this.tryKubectl(...input));
  }

  /** As `kubectl`, for a command that may fail, or whose warnings matter. */
  async tryKubectl(...input: CommandInput): Promise<CommandResult> {
    return await runCommand('kubectl', input, { home: this.folder, kubeconfig: this.kubeconfig });
  }

  async helm(...input: CommandInput): Promise<string> {
    return succeeded('helm', input, await this.tryHelm(...input));
  }

  async tryHelm(...input: CommandInput): Promise<CommandResult> {
    return await runCommand('helm', input, { home: this.folder, kubeconfig: this.kubeconfig });
  }

  /**
   * `SIGTERM` lets it answer what it was asked, and ends it after a second and a half: watches would hold it for a minute.
   * `SIGKILL` cuts everything off at once.
   */
  async stopApi(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    if (signal === 'SIGKILL') this.#signal(this.#api, signal);
    await this.#api.stop(1500);
  }

  /** On the same port, with the same data, certificate and tokens; ready when it returns. */
  async startApi(): Promise<void> {
    this.#starts += 1;
    this.#api = await bringUpApi(this.#plane, this.#etcd, this.#starts);
  }

  pauseEtcd(): void {
    this.#signal(this.#etcd, 'SIGSTOP');
  }

  resumeEtcd(): void {
    this.#signal(this.#etcd, 'SIGCONT');
  }

  /** What controller-manager does last when a namespace is deleted; its objects must be gone, or they stay without it. */
  async finishNamespace(name: string): Promise<void> {
    const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name }, spec: { finalizers: [] } };
    const answer = await this.ask({ method: 'PUT', path: `/api/v1/namespaces/${name}/finalize`, body });
    if (answer.status >= 300)
      throw new Error(`namespace ${name} could not be finished: ${JSON.stringify(answer.body)}`);
  }

  async stop(): Promise<void> {
    this.#client?.close();
    this.resumeEtcd();
    await this.stopApi('SIGKILL');
    // What is thrown away needs no good end.
    if (this.#temporary) this.#signal(this.#etcd, 'SIGKILL');
    await this.#etcd.stop();
    if (this.#temporary) await rm(this.folder, { recursive: true, force: true });
  }

  #signal(child: Child, signal: NodeJS.Signals): void {
    if (child.pid !== undefined && child.how() === undefined) process.kill(child.pid, signal);
  }
}

/** Starts a control plane of one's own: one for each test file. */
export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  return await Cluster.start(options);
}

/** On a busy machine a hook of its own start may time out, and it ends (exit code 255): it is started once more. */
async function bringUpApi(plane: ControlPlane, etcd: Child, starts: number): Promise<Child> {
  const first = await startApiServer(plane, starts);
  try {
    await waitUntilReady(plane, [etcd, first]);
    return first;
  } catch (error) {
    const endedByItself = first.how() !== undefined && etcd.how() === undefined;
    await first.stop();
    if (!endedByItself) throw error;
  }
  const second = await startApiServer(plane, starts);
  try {
    await waitUntilReady(plane, [etcd, second]);
    return second;
  } catch (error) {
    await second.stop();
    throw error;
  }
}
