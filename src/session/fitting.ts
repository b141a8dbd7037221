import type { Identity } from '../model/identity.ts';
import type { TokenState } from '../model/session.ts';

/** Names that policies in force use in conditions. */
export interface NamedInPolicies {
  readonly groups: ReadonlySet<string>;
  readonly claims: ReadonlySet<string>;
}

export interface Fitted<State extends TokenState> {
  readonly state: State;
  readonly plaintext: Uint8Array;
  /** Groups were left out: those that no policy named are unknown from now on. */
  readonly trimmed: boolean;
  readonly refreshTokenDropped: boolean;
}

/** Not even the smallest form fits: a name, address or claim of absurd length. */
export class TooLargeToSeal extends Error {
  constructor() {
    super('what Cognito says about this person does not fit a cookie');
  }
}

export interface FitInput<State extends TokenState> {
  readonly state: State;
  readonly named: NamedInPolicies;
  /** Undefined: too large in any case. */
  readonly encode: (state: State) => Uint8Array | undefined;
  /** Most bytes that the encoded state may have. */
  readonly room: number;
}

/**
 * The richest form that fits. Groups that no policy names go before the refresh token does; leaving something out
 * only ever makes it *unknown*, which refuses, and never absent, which could let a deny condition fail.
 */
export function fit<State extends TokenState>(input: FitInput<State>): Fitted<State> {
  const { named, encode, room } = input;
  const full = withIdentity(input.state, keepClaims(input.state.identity, named.claims));
  const trimmed = withIdentity(full, keepGroups(full.identity, named.groups));
  for (const state of [full, trimmed, withoutToken(full), withoutToken(trimmed)]) {
    const plaintext = encode(state);
    if (plaintext !== undefined && plaintext.length <= room) {
      return result(input.state, state, plaintext);
    }
  }
  return smallest(input, withoutToken(trimmed));
}

/** Fewer judged names, then no claims and no display name either. */
function smallest<State extends TokenState>(input: FitInput<State>, trimmed: State): Fitted<State> {
  const { identity } = trimmed;
  const bare: Identity = { ...identity, name: undefined, claims: new Map() };
  for (const candidate of [identity, bare]) {
    const found = mostJudged(input, withIdentity(trimmed, candidate));
    if (found !== undefined) {
      return found;
    }
  }
  throw new TooLargeToSeal();
}

function mostJudged<State extends TokenState>(input: FitInput<State>, trimmed: State): Fitted<State> | undefined {
  const { names, judged } = trimmed.identity.groups;
  const order = [...names, ...[...(judged ?? [])].filter((name) => !names.has(name))];
  let best: Fitted<State> | undefined;
  let low = 0;
  let high = order.length;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const state = withIdentity(trimmed, keepGroups(trimmed.identity, new Set(order.slice(0, middle))));
    const plaintext = input.encode(state);
    if (plaintext !== undefined && plaintext.length <= input.room) {
      best = result(input.state, state, plaintext);
      low = middle + 1;
    } else {
      high = middle - 1;
    }
  }
  return best;
}

function result<State extends TokenState>(from: State, state: State, plaintext: Uint8Array): Fitted<State> {
  return {
    state,
    plaintext,
    trimmed: state.identity.groups.judged !== undefined,
    refreshTokenDropped: from.refreshToken !== undefined && state.refreshToken === undefined,
  };
}

/** Keeps of the groups those named. What was trimmed before stays as little known as it was. */
function keepGroups(identity: Identity, wanted: ReadonlySet<string>): Identity {
  const { names, judged } = identity.groups;
  const known = judged === undefined ? wanted : wanted.intersection(judged.union(names));
  return { ...identity, groups: { names: names.intersection(wanted), judged: known } };
}

function keepClaims(identity: Identity, wanted: ReadonlySet<string>): Identity {
  return { ...identity, claims: new Map([...identity.claims].filter(([name]) => wanted.has(name))) };
}

function withIdentity<State extends TokenState>(state: State, identity: Identity): State {
  return { ...state, identity };
}

function withoutToken<State extends TokenState>(state: State): State {
  return { ...state, refreshToken: undefined };
}
