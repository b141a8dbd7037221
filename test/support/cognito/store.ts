import type { Adapter, AdapterPayload } from 'oidc-provider';

type Entry = AdapterPayload & { expiresAt: number };

export type AdapterClass = new (name: string) => Adapter;

const seconds = (): number => Math.floor(Date.now() / 1000);

/**
 * oidc-provider's storage in memory. Cognito's rotation differs from oidc-provider's reuse detection: a refresh
 * token that was rotated out works for the grace period and is then simply gone; its family lives on.
 */
export function createStore(graceSecondsOf: (clientId: string) => number): AdapterClass {
  const entries = new Map<string, Entry>();
  const grants = new Map<string, Set<string>>();
  const sessions = new Map<string, string>();

  return class MemoryAdapter implements Adapter {
    readonly #name: string;

    constructor(name: string) {
      this.#name = name;
    }

    async upsert(id: string, payload: AdapterPayload, expiresIn: number): Promise<void> {
      const key = this.#key(id);
      entries.set(key, { ...payload, expiresAt: expiresIn > 0 ? seconds() + expiresIn : Infinity });
      if (payload.grantId !== undefined) {
        grants.set(payload.grantId, (grants.get(payload.grantId) ?? new Set<string>()).add(key));
      }
      if (this.#name === 'Session' && payload.uid !== undefined) sessions.set(payload.uid, id);
    }

    async find(id: string): Promise<AdapterPayload | undefined> {
      const entry = entries.get(this.#key(id));
      if (entry === undefined || entry.expiresAt <= seconds()) return undefined;
      const { expiresAt: _, ...payload } = entry;
      return payload;
    }

    async findByUid(uid: string): Promise<AdapterPayload | undefined> {
      const id = sessions.get(uid);
      return id === undefined ? undefined : await this.find(id);
    }

    async findByUserCode(): Promise<undefined> {
      return undefined;
    }

    async consume(id: string): Promise<void> {
      const key = this.#key(id);
      const entry = entries.get(key);
      if (entry === undefined) return;
      if (this.#name !== 'RefreshToken') {
        entry.consumed = seconds();
        return;
      }
      const grace = graceSecondsOf(entry.clientId ?? '');
      if (grace > 0) entry.expiresAt = Math.min(entry.expiresAt, seconds() + grace);
      else entries.delete(key);
    }

    async destroy(id: string): Promise<void> {
      entries.delete(this.#key(id));
    }

    async revokeByGrantId(grantId: string): Promise<void> {
      for (const key of grants.get(grantId) ?? []) entries.delete(key);
      grants.delete(grantId);
    }

    #key(id: string): string {
      return `${this.#name}:${id}`;
    }
  };
}
