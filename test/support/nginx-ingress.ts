import { setTimeout as sleep } from 'node:timers/promises';
import type { Certificate } from './certificates.ts';
import type { Cluster } from './cluster/cluster.ts';
import { ingressConfig } from './nginx-ingress/config.ts';
import type { IngressState } from './nginx-ingress/objects.ts';
import { startReloadingNginx } from './nginx-ingress/reloading.ts';
import type { ReloadingNginx } from './nginx-ingress/reloading.ts';
import { serversOf } from './nginx-ingress/servers.ts';
import type { Refused } from './nginx-ingress/servers.ts';
import { fingerprint, listed, watchIngresses } from './nginx-ingress/watched.ts';
import type { Watched } from './nginx-ingress/watched.ts';

export interface NginxIngressInput {
  readonly cluster: Pick<Cluster, 'client'>;
  readonly folder: string;
  /** TLS only. */
  readonly port: number;
  /** For every host. */
  readonly tls: Certificate;
  /** Default `nginx`. Its IngressClass must name the controller `k8s.io/ingress-nginx`. */
  readonly class?: string;
  /** `host:port` of a name server; needed where an auth-url has a name. */
  readonly resolver?: string;
}

/**
 * A small ingress controller: a real NGINX with what ingress-nginx would make of the API server's Ingresses
 * (dataplanes.md 1.2). Ingresses are taken over within milliseconds of a change.
 */
export class NginxIngress {
  readonly #input: NginxIngressInput;
  #watched: Watched | undefined;
  #nginx: ReloadingNginx | undefined;
  #generation = 0;
  #inForce: IngressState | undefined;
  #refused: readonly Refused[] = [];
  #trouble: string | undefined;
  #lastText = '';
  #changed = true;
  #stopped = false;
  #loop: Promise<void> | undefined;

  constructor(input: NginxIngressInput) {
    this.#input = input;
  }

  async start(): Promise<this> {
    this.#watched = await watchIngresses(this.#input.cluster.client(), () => (this.#changed = true));
    try {
      await this.#takeOver();
    } catch (error) {
      await this.#watched.stop();
      throw error;
    }
    this.#loop = this.#follow();
    return this;
  }

  /** Counts the configurations that were in force. */
  generation(): number {
    return this.#generation;
  }

  /** Ingresses that it doesn't serve, and why. */
  refused(): readonly Refused[] {
    return this.#refused;
  }

  /** Returns once what the API server has now, or newer, is in force. */
  async settled(timeoutMs = 15_000): Promise<void> {
    const end = Date.now() + timeoutMs;
    for (;;) {
      const wanted = fingerprint(await listed(this.#input.cluster.client()));
      if (this.#inForce !== undefined && fingerprint(this.#inForce) === wanted) return;
      if (Date.now() > end) throw new Error(`NGINX is behind the API server: ${this.#trouble ?? 'no reason known'}`);
      await sleep(20);
    }
  }

  /** Returns once a configuration is in force that was made from a state for which this holds. */
  async waitFor(holds: (state: IngressState) => boolean, timeoutMs = 15_000): Promise<void> {
    const end = Date.now() + timeoutMs;
    while (this.#inForce === undefined || !holds(this.#inForce)) {
      if (Date.now() > end) throw new Error(`NGINX does not come to that: ${this.#trouble ?? 'the Ingresses do not'}`);
      await sleep(10);
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#loop;
    await this.#watched?.stop();
    await this.#nginx?.stop();
  }

  async #follow(): Promise<void> {
    while (!this.#stopped) {
      if (this.#changed) {
        // As with ingress-nginx, what NGINX doesn't take leaves everything as it was.
        this.#trouble = await this.#takeOver().then(
          () => undefined,
          (error: unknown) => (error instanceof Error ? error.message : String(error)),
        );
      }
      await sleep(10);
    }
  }

  async #takeOver(): Promise<void> {
    this.#changed = false;
    const { folder, port, tls, resolver } = this.#input;
    const state = this.#watched?.state() ?? { ingresses: [], services: [], classes: [] };
    const { servers, refused } = serversOf(state, this.#input.class ?? 'nginx');
    const text = JSON.stringify(servers);
    if (text !== this.#lastText) {
      const next = this.#generation + 1;
      const config = ingressConfig(servers, { folder, port, tls, resolver }, next);
      if (this.#nginx === undefined) this.#nginx = await startReloadingNginx({ folder, port }, config, next);
      else await this.#nginx.reload(config, next);
      this.#generation = next;
      this.#lastText = text;
    }
    this.#refused = refused;
    this.#inForce = state;
  }
}

export async function startNginxIngress(input: NginxIngressInput): Promise<NginxIngress> {
  return await new NginxIngress(input).start();
}
