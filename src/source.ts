import type { Config } from './config.ts';
import type { UserPools } from './identity/pools.ts';
import type { InForce } from './in-force.ts';
import type { Rotation } from './rotation.ts';
import type { EndedSids } from './session/ended-sids.ts';
import type { Logger } from './telemetry/logger.ts';
import type { Metrics } from './telemetry/metrics.ts';

/** What every part of the program is built from. */
export interface Parts {
  readonly config: Config;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly inForce: InForce;
  readonly pools: UserPools;
  /** Sign-ins that were ended before their time, here or on another replica. */
  readonly ended: EndedSids;
  readonly rotation: Rotation;
  /** Towards Cognito: through the egress proxy, with the extra CA. */
  readonly fetch: typeof fetch;
}

/** Where the objects come from, and what goes on there beside reading them. */
export interface Source {
  /** Resolves once there is something to decide by. */
  readonly ready: Promise<void>;
  /** What keeps it from being ready. */
  missing(): string | undefined;
  /** The key ring may be older than what a cookie was sealed with: reads it again, in the background. */
  rereadKeys(): void;
  /** Gives up what another replica is to do from now on; reading goes on. */
  resign(): Promise<void>;
  close(): Promise<void>;
}
