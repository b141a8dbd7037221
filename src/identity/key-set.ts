import { createLocalJWKSet, errors, type JSONWebKeySet, type JWSHeaderParameters, type FlattenedJWSInput } from 'jose';

import { PoolFailure } from './failures.ts';
import { getJson } from './get-json.ts';

/**
 * The signing keys of one pool. Never forgotten: jose's own remote set fails for *known* keys once its cache is too old
 * and the endpoint is away. An unknown kid asks again, at most once in 10 seconds whether that works or not.
 */
export interface KeySet {
  /** For jose's `jwtVerify`. */
  readonly keyFor: (
    header: JWSHeaderParameters,
    token: FlattenedJWSInput,
  ) => ReturnType<ReturnType<typeof createLocalJWKSet>>;
  /** The keys as they are; loads them when there are none yet. */
  current(): Promise<JSONWebKeySet>;
  /** The keys after one more try, if one is due. */
  afterUnknownKid(): Promise<JSONWebKeySet>;
  reload(): Promise<void>;
  loaded(): JSONWebKeySet | undefined;
  /** Seconds since the last good reading. */
  age(): number | undefined;
}

export interface KeySetDeps {
  readonly fetch: typeof fetch;
  /** Seconds. */
  readonly now: () => number;
}

const retrySeconds = 10;
/** Without any key nobody can sign in. */
const firstRetrySeconds = 2;

interface Keys {
  readonly jwks: JSONWebKeySet;
  readonly find: ReturnType<typeof createLocalJWKSet>;
  readonly readAt: number;
}

export function createKeySet(url: string, deps: KeySetDeps): KeySet {
  let keys: Keys | undefined;
  let triedAt = Number.NEGATIVE_INFINITY;
  let flight: Promise<void> | undefined;

  const load = async (): Promise<void> => {
    const jwks = checkKeys(await getJson(url, deps.fetch));
    keys = { jwks, find: createLocalJWKSet(jwks), readAt: deps.now() };
  };
  const reload = (): Promise<void> => {
    triedAt = deps.now();
    flight ??= load().finally(() => {
      flight = undefined;
    });
    return flight;
  };
  const reloadIfDue = async (): Promise<void> => {
    if (flight !== undefined) {
      await flight;
    } else if (deps.now() - triedAt >= (keys === undefined ? firstRetrySeconds : retrySeconds)) {
      await reload();
    }
  };
  const current = async (): Promise<Keys> => {
    if (keys === undefined) {
      await reloadIfDue();
    }
    if (keys === undefined) {
      throw new PoolFailure('unavailable', 'the signing keys could not be read yet');
    }
    return keys;
  };

  return {
    async keyFor(header, token) {
      const known = await current();
      try {
        return await known.find(header, token);
      } catch (error) {
        if (!(error instanceof errors.JWKSNoMatchingKey)) {
          throw error;
        }
        await reloadIfDue().catch(() => undefined);
        return (await current()).find(header, token);
      }
    },
    current: async () => (await current()).jwks,
    async afterUnknownKid() {
      await reloadIfDue().catch(() => undefined);
      return (await current()).jwks;
    },
    reload,
    loaded: () => keys?.jwks,
    age: () => (keys === undefined ? undefined : deps.now() - keys.readAt),
  };
}

/** RSA signing keys only; a document without one is not taken, so that a broken answer never replaces good keys. */
function checkKeys(value: unknown): JSONWebKeySet {
  const list: unknown = typeof value === 'object' && value !== null && 'keys' in value ? value.keys : undefined;
  const usable = (Array.isArray(list) ? (list as readonly unknown[]) : []).filter(isSigningKey);
  if (usable.length === 0) {
    throw new PoolFailure('unavailable', 'the key document holds no RSA signing key');
  }
  return { keys: usable };
}

function isSigningKey(value: unknown): value is JSONWebKeySet['keys'][number] {
  if (typeof value !== 'object' || value === null) {
    return false;
  }
  const key = new Map<string, unknown>(Object.entries(value));
  const texts = ['kid', 'n', 'e'].every((name) => typeof key.get(name) === 'string');
  return texts && key.get('kty') === 'RSA' && (key.get('use') ?? 'sig') === 'sig';
}
