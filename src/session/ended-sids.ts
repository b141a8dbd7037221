import { limits as defaultLimits } from './limits.ts';

export type EndedSid = readonly [sid: string, until: number];

/** Sign-ins that were ended before their time. All times in seconds. */
export interface EndedSids {
  /** `until`: when every session of the sid has ended by itself. A later end counts. */
  end(sid: string, until: number): void;
  has(sid: string): boolean;
  /** Of a sid that was ended here: Cognito has confirmed that nothing is refreshed any more. */
  shorten(sid: string, until: number): void;
  /** Those ended here, without the ones that are over: what the other replicas have to know. */
  entries(): Iterable<EndedSid>;
  /** Those that other replicas have ended. */
  merge(entries: Iterable<EndedSid>): void;
  /** Those that were ended here before this process began. */
  restore(entries: Iterable<EndedSid>): void;
  /** `entries` has changed. */
  onEnd(listener: () => void): void;
  /** Here and elsewhere, without the ones that are over. */
  readonly size: number;
}

export interface EndedSidsOptions {
  /** How many of those ended here are told to the others; what is told must fit one ConfigMap. */
  readonly entries?: number;
  readonly characters?: number;
  /** All that is remembered. */
  readonly remembered?: number;
  /** Sids that had to go before they were over, those with the nearest end first. */
  onDropped?(count: number): void;
}

/** A sid and its end as text, more or less. */
const lengthOf = (sid: string): number => sid.length + 12;
const sweepEvery = 60;
/** What is over the bound goes in lots: to look for the nearest end each time would cost a walk over all. */
const lot = 0.02;

/** Kept in this process and forgotten at their time; only holders of a sealed session can end a sid. */
export function createEndedSids(now: () => number, options: EndedSidsOptions = {}): EndedSids {
  const { entries = defaultLimits.endedEntries, characters = defaultLimits.endedCharacters } = options;
  const { remembered = defaultLimits.endedRemembered } = options;
  const listeners: (() => void)[] = [];
  const untils = new Map<string, number>();
  const own = new Map<string, number>();
  let ownCharacters = 0;
  let nextSweep = 0;
  const forgetOwn = (sid: string): void => {
    if (own.delete(sid)) ownCharacters -= lengthOf(sid);
  };
  const sweep = (): void => {
    const at = now();
    if (at < nextSweep) return;
    nextSweep = at + sweepEvery;
    for (const [sid, until] of own) if (until <= at) forgetOwn(sid);
    for (const [sid, until] of untils) if (until <= at) untils.delete(sid);
  };
  const drop = (from: ReadonlyMap<string, number>, forget: (sid: string) => void): void => {
    const nearest = [...from].toSorted(([, a], [, b]) => a - b).slice(0, Math.ceil(from.size * lot));
    for (const [sid] of nearest) forget(sid);
    options.onDropped?.(nearest.length);
  };
  const remember = (sid: string, until: number): void => {
    untils.set(sid, Math.max(until, untils.get(sid) ?? 0));
    if (untils.size > remembered) drop(untils, (nearest) => untils.delete(nearest));
  };
  const keep = (sid: string, until: number): void => {
    if (!own.has(sid)) ownCharacters += lengthOf(sid);
    own.set(sid, until);
    if (own.size > entries || ownCharacters > characters) drop(own, forgetOwn);
  };
  const tell = (): void => {
    for (const listener of listeners) listener();
  };
  return {
    end: (sid, until) => {
      sweep();
      remember(sid, until);
      if ((own.get(sid) ?? 0) >= until) return;
      keep(sid, until);
      tell();
    },
    has: (sid) => (untils.get(sid) ?? 0) > now(),
    shorten: (sid, until) => {
      if ((own.get(sid) ?? 0) <= until) return;
      own.set(sid, until);
      untils.set(sid, until);
      tell();
    },
    entries: () => own.entries().filter(([, until]) => until > now()),
    merge: (others) => {
      sweep();
      for (const [sid, until] of others) if (until > now()) remember(sid, until);
    },
    restore: (before) => {
      for (const [sid, until] of before) {
        if (until <= now()) continue;
        remember(sid, until);
        keep(sid, Math.max(until, own.get(sid) ?? 0));
      }
      tell();
    },
    onEnd: (listener) => void listeners.push(listener),
    get size() {
      sweep();
      return untils.size;
    },
  };
}
