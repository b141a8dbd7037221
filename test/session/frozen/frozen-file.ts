import { randomBytes } from 'node:crypto';
import { Secret } from '../../../src/model/secret.ts';
import { newKeyEntry, parseKeyRing } from '../../../src/session/key-ring.ts';
import { createSealer, type Sealer } from '../../../src/session/seal.ts';
import { makeSamples, type Sealed } from './make-samples.ts';
import { openSample } from './open-sample.ts';

/** Everything that one version of the program seals, as it sealed it, and what it read from it. */
export interface Frozen {
  readonly version: string;
  /** Seconds: when it was sealed, as far as the samples know. */
  readonly now: number;
  /** A ring made for this file alone. */
  readonly ring: Readonly<Record<string, string>>;
  readonly samples: readonly (Sealed & { readonly content: unknown })[];
}

export function freeze(version: string): Frozen {
  const now = 1_800_000_000;
  const ring = { k1: newKeyEntry('k1', now - 86_400, randomBytes), k2: newKeyEntry('k2', now - 3600, randomBytes) };
  const sealer = sealerOf({ ring, now });
  const samples = makeSamples({ sealer, now: () => now, random: randomBytes }).map((sample) => {
    const content = openSample(sample, sealer, now);
    if (content === undefined) {
      throw new Error(`${sample.kind} "${sample.title}" can't be opened by the code that sealed it`);
    }
    return { ...sample, content };
  });
  return { version, now, ring, samples };
}

export function sealerOf({ ring, now }: Pick<Frozen, 'ring' | 'now'>): Sealer {
  const parsed = parseKeyRing(new Map(Object.entries(ring).map(([id, entry]) => [id, new Secret(entry)])));
  return createSealer({ ring: () => parsed, now: () => now, random: randomBytes });
}
