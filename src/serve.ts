import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { milliseconds } from './config.ts';
import type { Config } from './config.ts';
import { createDecider } from './http/decider.ts';
import { createDecisionServer } from './http/decisions.ts';
import { createOperationsServer } from './http/operations.ts';
import { createOutboundFetch } from './http/outbound.ts';
import type { Server } from './http/server.ts';
import { createSignInServer } from './http/sign-in.ts';
import { createUserPools } from './identity/pools.ts';
import type { UserPools } from './identity/pools.ts';
import { createInForce } from './in-force.ts';
import type { InForce } from './in-force.ts';
import type { Pool } from './model/pool.ts';
import { reportDecision } from './report.ts';
import { createEndedSids } from './session/ended-sids.ts';
import { createSealer } from './session/seal.ts';
import { createSessions } from './session/sessions.ts';
import { createSignInHandler } from './sign-in/handler.ts';
import { FolderError, openFolder } from './sources/folder.ts';
import { StartError } from './start-error.ts';
import type { Logger } from './telemetry/logger.ts';
import { createMetrics } from './telemetry/metrics.ts';
import type { Metrics } from './telemetry/metrics.ts';

export interface Running {
  /** Ends at once. */
  stop(): Promise<void>;
  /** Not ready from now on, answering for `shutdownDelay`, then drained. */
  drain(): Promise<void>;
}

interface Parts {
  readonly config: Config;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly inForce: InForce;
  readonly pools: UserPools;
}

interface Servers {
  readonly decisions: Server;
  readonly signIn: Server;
  readonly operations: Server;
}

/** Seconds since the epoch. */
const now = (): number => Math.floor(Date.now() / 1000);
const random = (bytes: number): Uint8Array => randomBytes(bytes);

/** Builds the parts, wires them and starts them in order. Rejects with a readable error when one can't start. */
export async function serve(config: Config, log: Logger, env: NodeJS.ProcessEnv): Promise<Running> {
  const metrics = createMetrics();
  const inForce = createInForce({ keyRingSecret: config.keyRingSecret, metrics, log, now });
  const pools = await userPools({ config, log, metrics, inForce }, env);
  inForce.onTable((table) => {
    pools.retain(new Set(table.pools.keys()));
    // Keys and discovery are read ahead of the first sign-in.
    for (const pool of table.pools.values()) pools.of(pool);
  });
  const source = await openSource({ config, log, metrics, inForce, pools });
  let stopping = false;
  const servers = createServers({ config, log, metrics, inForce, pools }, () => stopping);
  const stop = async (): Promise<void> => {
    stopping = true;
    source.close();
    pools.stop();
    await Promise.all(Object.values(servers).map((server: Server) => server.close()));
  };
  try {
    await start(servers, config);
  } catch (error) {
    await stop();
    throw error;
  }
  metrics.set('cognito_gate_start_to_ready_seconds', process.uptime());
  log.info({ ...config.listen, routes: inForce.table()?.size }, 'ready');
  return {
    stop,
    drain: async () => {
      stopping = true;
      await sleep(milliseconds(config.shutdownDelay));
      await stop();
    },
  };
}

async function userPools(parts: Omit<Parts, 'pools'>, env: NodeJS.ProcessEnv): Promise<UserPools> {
  const { config, log, metrics, inForce } = parts;
  const extraCa = config.extraCaFile === undefined ? undefined : await readCa(config.extraCaFile);
  const fetch = createOutboundFetch({ extraCa, env });
  return createUserPools((pool) => ({
    fetch,
    now,
    named: inForce.named,
    onTokenRequest: (grant, outcome) =>
      metrics.count('cognito_gate_token_requests_total', nameOf(pool), grant, outcome),
    log: (line) => log.warn({ pool: nameOf(pool) }, line),
  }));
}

async function readCa(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new StartError(`extraCaFile: ${file} can't be read (${codeOf(error)})`, { cause: error });
  });
  if (text.includes('-----BEGIN CERTIFICATE-----')) return text;
  throw new StartError(`extraCaFile: ${file} holds no certificate in PEM form`);
}

async function openSource({ config, inForce }: Parts): Promise<{ close(): void }> {
  const opening = openFolder({
    folder: config.source.folder,
    secretsDir: config.secretsDir,
    installation: {
      signInHost: config.signInHost,
      defaultPool: config.defaultPool,
      poolNamespaces: config.poolNamespaces,
      clientAddressKnown: config.clientAddress === 'XRealIp',
      prefix: config.prefix,
      controllerName: 'cognito-gate',
      decisionsUrl: 'http://cognito-gate-decisions.cognito-gate.svc.cluster.local:8080/nginx/',
      releaseNamespace: undefined,
      ingressControllers: ['k8s.io/ingress-nginx'],
      onPolicyGone: 'Refuse',
    },
    onSnapshot: inForce.accept,
    onError: inForce.failed,
  });
  return await opening.catch((error: unknown) => {
    throw nameField(error, config);
  });
}

/** A folder that can't be read at the start is a mistake of the configuration: the message names its field. */
function nameField(error: unknown, { source, secretsDir }: Config): unknown {
  if (!(error instanceof FolderError)) return error;
  const field = { [source.folder]: 'source.folder', [secretsDir]: 'secretsDir' }[error.file];
  return field === undefined ? error : new StartError(`${field}: ${error.message}`, { cause: error });
}

function createServers(parts: Parts, stopping: () => boolean): Servers {
  const { config, log, metrics, inForce, pools } = parts;
  const ended = createEndedSids(now);
  const sealer = createSealer({ ring: inForce.ring, now, random });
  const sessions = createSessions({ sealer, now, ended });
  const decider = createDecider({
    table: inForce.table,
    sessions,
    now,
    options: { acme: config.acmeChallenges, prefix: config.prefix },
    decided: (outcome) => reportDecision(outcome, metrics, log),
    audited: (policy, verdict) =>
      metrics.count('cognito_gate_audit_decisions_total', policy.namespace, policy.name, verdict.kind, verdict.reason),
    failed: (error) => log.error({ err: error }, 'a decision failed and was refused'),
  });
  const { signInHost, publicPort, prefix, contact } = config;
  const handler = createSignInHandler({
    table: inForce.table,
    sessions,
    sealer,
    pools,
    ended,
    now,
    random,
    named: inForce.named,
    config: { signInHost, publicPort, prefix, contact },
    events: {
      onSignIn: (pool, outcome) => metrics.count('cognito_gate_sign_ins_total', pool, outcome),
      log: (line) => log.info(line, 'sign-in'),
      onError: (error, id) => log.error({ err: error, id }, 'a sign-in step failed'),
    },
  });
  metrics.onScrape(() => {
    inForce.measure();
    measureKeys(pools, metrics);
  });
  return {
    decisions: createDecisionServer({
      decider,
      observe: metrics.observeDecision,
      failed: (error) => log.error({ err: error }, 'an answer could not be sent and was refused instead'),
    }),
    signIn: createSignInServer({
      handler,
      failed: (error, id) => log.error({ err: error, id }, 'a sign-in step failed'),
    }),
    operations: createOperationsServer({
      ready: () => (stopping() ? 'shutting down' : inForce.missing()),
      metrics: metrics.text,
    }),
  };
}

function measureKeys(pools: UserPools, metrics: Metrics): void {
  metrics.reset('cognito_gate_key_set_age_seconds');
  for (const pool of pools.all()) {
    const age = pool.keySetAge();
    if (age !== undefined) metrics.set('cognito_gate_key_set_age_seconds', age, nameOf(pool.pool));
  }
}

/** Decisions last: who asks before has no answer, and nothing is answered before a table is loaded. */
async function start(servers: Servers, { listen }: Config): Promise<void> {
  for (const name of ['operations', 'signIn', 'decisions'] as const) {
    const address = listen[name];
    const colon = address.lastIndexOf(':');
    const host = address.slice(0, colon).replace(/^\[|\]$/g, '');
    // NGINX opens a connection for each check: the backlog must take a burst of them (dataplanes.md 5).
    await servers[name]
      .listen({ host, port: Number(address.slice(colon + 1)), backlog: 4096 })
      .catch((error: unknown) => {
        throw new StartError(
          `listen.${name}: can't listen on ${address} (${codeOf(error)})${adviceOn(codeOf(error))}`,
          { cause: error },
        );
      });
  }
}

function adviceOn(code: string): string {
  if (code === 'EADDRINUSE') return ': another program does; stop it, or set another port';
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') return ': this machine has no such address; set another one';
  return code === 'EACCES' ? ': ports below 1024 need a privilege; set a higher one' : '';
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'error';
}

function nameOf(pool: Pool): string {
  return `${pool.namespace}/${pool.name}`;
}
