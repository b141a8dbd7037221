import type { Identity } from '../../../src/model/identity.ts';
import { Secret } from '../../../src/model/secret.ts';
import type { Session, SignIn, TokenState } from '../../../src/model/session.ts';
import { encodeSession, encodeSignIn } from '../../../src/session/codec.ts';
import { parseCookies } from '../../../src/session/cookies.ts';
import { encodeSessionHandle, encodeSignInHandle } from '../../../src/session/handles.ts';
import { createRecords } from '../../../src/session/redis/record.ts';
import type { SealKind, Sealer } from '../../../src/session/seal.ts';
import { makeAttempt } from '../../../src/sign-in/attempts.ts';
import { findCognitoAttempt, makeCognitoAttempt } from '../../../src/sign-in/cognito-attempt.ts';
import { readLoop } from '../../../src/sign-in/loop-count.ts';
import { sealJson, sealLeave, sealRequest, type Target, targetFields } from '../../../src/sign-in/messages.ts';

/** One thing that was sealed. Cookies are kept with their name: some names are made of what is sealed. */
export interface Sealed {
  readonly kind: SealKind;
  readonly title: string;
  /** The sealed text, or `name=value` of the cookie that holds it. */
  readonly text: string;
}

export interface MakingDeps {
  readonly sealer: Sealer;
  readonly now: () => number;
  readonly random: (bytes: number) => Uint8Array;
}

export const frozenPool = 'c0ffee'.repeat(10) + 'abcd';
export const frozenHost = 'shop.example.com';
export const frozenSignInHost = 'auth.example.com';
export const frozenSid = 'c2lkc2lkc2lkc2lkc2lkcw';
export const frozenRoute = '0123456789abcdef0123456789abcdef';
const noJar = parseCookies(undefined);

/** At least one of each kind, and of the kinds with choices one with everything and one with next to nothing. */
export function makeSamples(deps: MakingDeps): readonly Sealed[] {
  return [...states(deps), ...handles(deps), ...ways(deps), ...fresher(deps), ...leaves(deps), ...cookies(deps)];
}

function states(deps: MakingDeps): readonly Sealed[] {
  const { sealer } = deps;
  const now = deps.now();
  const target = targetFields(targetAt(now, '/cart?item=1'));
  return [rich(deps), bare(deps), trimmed(deps), rotating(deps)].flatMap(({ title, session, signIn }) => [
    sealed('session', title, sealer, encodeSession(session)),
    sealed('signin', title, sealer, encodeSignIn(signIn)),
    sealed('grant', title, sealer, encodeSession(session, target)),
  ]);
}

function sealed(
  kind: 'session' | 'signin' | 'grant' | 'handle' | 'signinhandle' | 'granthandle',
  title: string,
  sealer: Sealer,
  plaintext: Uint8Array | undefined,
): Sealed {
  if (plaintext === undefined) {
    throw new Error(`the sample "${title}" is too large`);
  }
  const host = kind.startsWith('signin') ? frozenSignInHost : frozenHost;
  return { kind, title, text: sealer.seal(kind, { pool: frozenPool, host }, plaintext) };
}

/** What cookies and store hold where there is a store. */
function handles(deps: MakingDeps): readonly Sealed[] {
  const { sealer } = deps;
  const { session, signIn } = rich(deps);
  const target = targetFields(targetAt(deps.now(), '/cart?item=1'));
  const title = 'a handle';
  return [
    sealed('handle', title, sealer, encodeSessionHandle(session)),
    sealed('signinhandle', title, sealer, encodeSignInHandle(signIn)),
    sealed('granthandle', title, sealer, encodeSessionHandle(session, target)),
    ...[rich(deps), bare(deps), trimmed(deps), rotating(deps)].map((one): Sealed => {
      const until = one.title === 'next to nothing' ? undefined : deps.now() + 43_170;
      const text = createRecords(sealer).seal(one.signIn.sid, frozenPool, { state: one.signIn, until });
      return { kind: 'record', title: one.title, text: text ?? '' };
    }),
  ];
}

/** A sign-in that a rule wants fresher, for the second time. */
function fresher(deps: MakingDeps): readonly Sealed[] {
  const target: Target = { ...targetAt(deps.now(), undefined), wish: 'fresh', since: deps.now() - 900, left: true };
  const title = 'a fresher sign-in';
  return [
    { kind: 'authorize', title, text: sealRequest(deps.sealer, target) },
    { kind: 'cognito', title, text: pairOf(makeCognitoAttempt(deps, noJar, target).cookie) },
    sealed('grant', title, deps.sealer, encodeSession(bare(deps).session, targetFields(target))),
  ];
}

function ways(deps: MakingDeps): readonly Sealed[] {
  const now = deps.now();
  const target = targetAt(now, '/cart?item=1');
  const scope = { host: frozenHost, pool: frozenPool };
  const attempt = (title: string, returnPath: string, returns: number): Sealed => ({
    kind: 'attempt',
    title,
    text: pairOf(makeAttempt(deps, noJar, scope, { returnPath, returns }).cookies[0]),
  });
  return [
    attempt('plain', '/cart?item=1', 0),
    attempt('a path with what a cookie can’t hold', '/a;b,c!d?q=%22', 2),
    { kind: 'authorize', title: 'with a return path', text: sealRequest(deps.sealer, target) },
    {
      kind: 'authorize',
      title: 'login, without a return path',
      text: sealRequest(deps.sealer, { ...targetAt(now, undefined), wish: 'login' }),
    },
    ...cognitoAttempts(deps, target),
  ];
}

function cognitoAttempts(deps: MakingDeps, target: Target): readonly Sealed[] {
  const { cookie, state } = makeCognitoAttempt(deps, noJar, target);
  const used = findCognitoAttempt(deps, parseCookies(pairOf(cookie)), state)?.consumed;
  return [
    { kind: 'cognito', title: 'under way', text: pairOf(cookie) },
    { kind: 'cognito', title: 'used', text: pairOf(used) },
  ];
}

function leaves({ sealer, now }: MakingDeps): readonly Sealed[] {
  const where = { pool: frozenPool, host: frozenHost, at: now() };
  const full = {
    ...where,
    route: frozenRoute,
    sid: frozenSid,
    returnPath: '/cart',
    switchAccount: true,
  };
  const empty = { ...where, route: undefined, sid: undefined, returnPath: '/', switchAccount: false };
  const others = [{ pool: 'decaf0'.repeat(10) + 'abcd', sid: 'b3RoZXJvdGhlcm90aGVybw' }];
  return (['signout', 'return'] as const).flatMap((kind) => [
    { kind, title: 'switch account', text: sealLeave(sealer, kind, full) },
    { kind, title: 'next to nothing', text: sealLeave(sealer, kind, empty) },
    { kind, title: 'several pools', text: sealLeave(sealer, kind, { ...full, others }) },
    { kind, title: 'a revoked token', text: sealLeave(sealer, kind, { ...full, revoked: 'cmV2b2tlZHJldm9rZWRyZQ' }) },
  ]);
}

function cookies(deps: MakingDeps): readonly Sealed[] {
  const at = { host: frozenHost, route: frozenRoute };
  const once = pairOf(readLoop(deps, noJar, at).counted('/cart', 0));
  const twice = pairOf(readLoop(deps, parseCookies(once), at).rereadNoted(frozenPool));
  const id = Buffer.from(deps.random(16)).toString('base64url');
  return [
    { kind: 'loop', title: 'one return, one re-read', text: twice },
    {
      kind: 'browser',
      title: 'a browser id',
      text: sealJson(deps.sealer, 'browser', { host: frozenSignInHost, pool: '' }, id),
    },
    {
      kind: 'browser',
      title: 'with pools of several refresh tokens',
      text: sealJson(deps.sealer, 'browser', { host: frozenSignInHost, pool: '' }, [id, frozenPool.slice(0, 8)]),
    },
  ];
}

function targetAt(at: number, returnPath: string | undefined): Target {
  const attempt = 'YXR0ZW1wdGF0dGVtcHRhdA';
  return { pool: frozenPool, host: frozenHost, route: frozenRoute, attempt, wish: 'any', at, returnPath };
}

function pairOf(setCookie: string | undefined): string {
  return setCookie?.split(';')[0] ?? '';
}

interface State {
  readonly title: string;
  readonly session: Session;
  readonly signIn: SignIn;
}

function stateOf(
  title: string,
  now: number,
  who: Partial<Identity>,
  { refreshToken, ...more }: Pick<TokenState, 'refreshToken' | 'rotates'>,
): State {
  const identity: Identity = {
    kind: 'person',
    pool: frozenPool,
    subject: '0b7e3c6e-9d0c-4b5e-a1d5-0d8f3f6f3a11',
    username: 'ada',
    preferredUsername: undefined,
    name: undefined,
    email: undefined,
    emailTrusted: false,
    groups: { names: new Set(), judged: undefined },
    claims: new Map(),
    authTime: now - 60,
    ...who,
  };
  const state = { identity, checkedAt: now - 20, tokensExpireAt: now + 3580, refreshToken, ...more };
  const sid = frozenSid;
  return {
    title,
    session: {
      sid,
      pool: frozenPool,
      host: frozenHost,
      startedAt: now - 10,
      signInStartedAt: now - 30,
      sealedAt: now,
      ...state,
    },
    signIn: { sid, pool: frozenPool, startedAt: now - 30, ...state },
  };
}

function rich({ now, random }: MakingDeps): State {
  // Shaped like Cognito's: a JWE of five parts.
  const header = Buffer.from('{"cty":"JWT","enc":"A256GCM","alg":"RSA-OAEP"}');
  const token = [header, random(256), random(12), random(300), random(16)].map((part) =>
    Buffer.from(part).toString('base64url'),
  );
  return stateOf(
    'everything',
    now(),
    {
      preferredUsername: 'ada.l',
      name: 'Ada Lovelace Ü',
      email: 'ada@example.com',
      emailTrusted: true,
      groups: { names: new Set(['admins', 'staff']), judged: undefined },
      claims: new Map([
        ['custom:team', ['red', 'blue']],
        ['custom:none', []],
      ]),
    },
    { refreshToken: new Secret(token.join('.')) },
  );
}

function bare({ now }: MakingDeps): State {
  return stateOf('next to nothing', now(), {}, { refreshToken: undefined });
}

function trimmed({ now }: MakingDeps): State {
  const groups = { names: new Set(['staff']), judged: new Set(['staff', 'admins']) };
  return stateOf(
    'trimmed groups, a refresh token of another form',
    now(),
    { groups },
    { refreshToken: new Secret('plain-token') },
  );
}

function rotating({ now }: MakingDeps): State {
  return stateOf('of a pool that rotates', now(), {}, { refreshToken: new Secret('plain-token'), rotates: true });
}
