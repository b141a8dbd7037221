import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { milliseconds } from './config-fields.ts';
import type { Config } from './config.ts';
import { createDecider } from './http/decider.ts';
import { createDecisionServer } from './http/decisions.ts';
import { createOperationsServer } from './http/operations.ts';
import { createOutboundFetch } from './http/outbound.ts';
import type { Server } from './http/server.ts';
import { addressOf } from './listen.ts';
import { createLimit, createLiveSessions } from './live-sessions.ts';
import { createSignInServer } from './http/sign-in.ts';
import { createBearers } from './identity/bearers.ts';
import type { KnownToken } from './identity/bearers.ts';
import { createUserPools } from './identity/pools.ts';
import type { UserPools } from './identity/pools.ts';
import { createInForce } from './in-force.ts';
import type { Pool } from './model/pool.ts';
import { reportDecision } from './report.ts';
import { createRotation } from './rotation.ts';
import { createBoundedCache } from './session/bounded-cache.ts';
import { createEndedSids } from './session/ended-sids.ts';
import type { RefreshLimiter } from './session/refresh-limiter.ts';
import { createRingReread } from './session/ring-reread.ts';
import { createSealer } from './session/seal.ts';
import type { Sealer } from './session/seal.ts';
import type { StateStore } from './session/state-store.ts';
import { openSessionStore } from './session-store.ts';
import { createSignInHandler } from './sign-in/handler.ts';
import { openFolderSource } from './folder-source.ts';
import type { Parts, Source } from './source.ts';
import { openClusterSource } from './cluster-source.ts';
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
  const { keyRingSecret, source: from } = config;
  const inForce = createInForce({ keyRingSecret, keyRingMayCome: from.cluster !== undefined, metrics, log, now });
  const fetch = await outboundFetch(config, env);
  const limit = createLimit(config);
  const pools = userPools({ log, metrics, inForce, fetch, limit });
  inForce.onTable(({ table }) => {
    pools.retain(new Set(table.pools.keys()));
    // Keys and discovery are read ahead of the first sign-in.
    for (const pool of table.pools.values()) pools.of(pool);
  });
  const ended = createEndedSids(now, {
    onDropped: (count) => {
      metrics.series('cognito_gate_ended_sign_ins_dropped_total').pending += count;
      log.warn({ count }, 'more sign-ins were ended than can be remembered: those with the nearest end are forgotten');
    },
  });
  const parts = { config, log, metrics, inForce, pools, fetch, ended, rotation: createRotation() };
  const source = await (from.cluster === undefined ? openFolderSource(parts) : openClusterSource(parts, env));
  let stage: 'starting' | 'open' | 'stopping' = 'starting';
  // Ready is who can be asked: a table that is loaded serves nobody before the ports are open.
  const missing = (): string | undefined =>
    stage === 'stopping'
      ? 'shutting down'
      : (inForce.missing() ?? source.missing() ?? (stage === 'open' ? undefined : 'the ports are not open yet'));
  const onUnknownKey = createRingReread(source.rereadKeys, () => performance.now());
  const sealer = createSealer({ ring: inForce.ring, now, random, onUnknownKey });
  const store = await openSessionStore({ config, sealer, log, metrics, now, random });
  const servers = createServers({ ...parts, sealer, store, limit }, missing);
  const stop = async (): Promise<void> => {
    stage = 'stopping';
    await source.close();
    pools.stop();
    await Promise.all(Object.values(servers).map((server: Server) => server.close()));
    await store.close();
  };
  try {
    await start(servers, config, source);
    stage = 'open';
  } catch (error) {
    await stop();
    throw error;
  }
  metrics.set('cognito_gate_start_to_ready_seconds', process.uptime());
  log.info({ ...config.listen, routes: inForce.table()?.size }, 'ready');
  return {
    stop,
    drain: async () => {
      stage = 'stopping';
      await source.resign();
      await sleep(milliseconds(config.shutdownDelay));
      await stop();
    },
  };
}

async function outboundFetch(config: Config, env: NodeJS.ProcessEnv): Promise<Parts['fetch']> {
  const extraCa = config.extraCaFile === undefined ? undefined : await readCa(config.extraCaFile);
  return createOutboundFetch({ extraCa, env });
}

type PoolParts = Pick<Parts, 'log' | 'metrics' | 'inForce' | 'fetch'> & { readonly limit: RefreshLimiter };

function userPools({ log, metrics, inForce, fetch, limit }: PoolParts): UserPools {
  return createUserPools((pool) => ({
    fetch,
    now,
    named: inForce.named,
    onTokenRequest: (grant, outcome) => {
      metrics.count('cognito_gate_token_requests_total', nameOf(pool), grant, outcome);
      if (grant === 'authorization_code') limit.countSignIn();
    },
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

interface Sealed extends Parts {
  readonly sealer: Sealer;
  readonly store: StateStore;
  readonly limit: RefreshLimiter;
}

function createServers(parts: Sealed, missing: () => string | undefined): Servers {
  const { config, log, metrics, inForce, pools, ended, sealer, store } = parts;
  const sessionParts = createLiveSessions({ ...parts, now });
  const { sessions, freshness, revoked } = sessionParts;
  const bearers = createBearers({
    tokensOf: (pool) => pools.of(pool).accessTokens,
    known: createBoundedCache<KnownToken>({ entries: 10_000, bytes: 32 * 1024 * 1024 }),
    now,
    named: inForce.named,
    observe: (outcome) => metrics.count('cognito_gate_bearer_tokens_total', outcome),
  });
  const decider = createDecider({
    table: inForce.table,
    sessions,
    bearers,
    now,
    options: { acme: config.acmeChallenges, prefix: config.prefix, now },
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
    store,
    freshness,
    revoked,
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
    sessionParts.measure();
    metrics.set('cognito_gate_ended_sign_ins', ended.size);
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
      ready: missing,
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

/**
 * Decisions last: who asks before has no answer, and nothing is answered before a table is loaded. Operations first:
 * while the API server is away a new replica has to live, and to say what it waits for.
 */
async function start(servers: Servers, { listen }: Config, source: Source): Promise<void> {
  for (const name of ['operations', 'signIn', 'decisions'] as const) {
    if (name === 'signIn') await source.ready;
    const address = listen[name];
    await servers[name].listen(addressOf(address)).catch((error: unknown) => {
      throw new StartError(`listen.${name}: can't listen on ${address} (${codeOf(error)})${adviceOn(codeOf(error))}`, {
        cause: error,
      });
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
