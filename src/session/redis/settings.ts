import type { Sealer } from '../seal.ts';
import type { FailureReason } from './failure.ts';

export type StoreOperation = 'load' | 'create' | 'update' | 'lock' | 'release' | 'seen' | 'remove';
export type StoreOutcome = 'ok' | 'none' | FailureReason;

export interface RedisSettings {
  readonly urls: readonly string[];
  readonly cluster: boolean;
  readonly username?: string | undefined;
  readonly passwordFile?: string | undefined;
  readonly caFile?: string | undefined;
  readonly database: number;
  readonly keyPrefix: string;
  /** Seconds. */
  readonly unreachableFor: number;
}

export interface RedisStoreDeps {
  readonly sealer: Sealer;
  /** Seconds. */
  readonly now: () => number;
  readonly random: (bytes: number) => Uint8Array;
  readonly log: (level: 'info' | 'warn', message: string) => void;
  readonly observe: (operation: StoreOperation, outcome: StoreOutcome) => void;
  /** Told when it changes. */
  readonly reachable: (reachable: boolean) => void;
}

/** One command about one sign-in, counted. Rejects with RedisFailure. */
export type Ask = (operation: StoreOperation, sid: string, args: readonly string[]) => Promise<unknown>;
