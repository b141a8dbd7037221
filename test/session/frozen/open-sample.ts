import type { Groups } from '../../../src/model/identity.ts';
import { Secret } from '../../../src/model/secret.ts';
import { decodeSession, decodeSignIn } from '../../../src/session/codec.ts';
import { parseCookies } from '../../../src/session/cookies.ts';
import { attemptCookiePrefix, stateCookiePrefix } from '../../../src/session/names.ts';
import { decodeSessionHandle, decodeSignInHandle } from '../../../src/session/handles.ts';
import { createRecords } from '../../../src/session/redis/record.ts';
import type { Sealer } from '../../../src/session/seal.ts';
import { findAttempt } from '../../../src/sign-in/attempts.ts';
import { findCognitoAttempt } from '../../../src/sign-in/cognito-attempt.ts';
import { readLoop } from '../../../src/sign-in/loop-count.ts';
import { openJson, openLeave, openRequest, targetOf } from '../../../src/sign-in/messages.ts';
import { frozenHost, frozenPool, frozenRoute, frozenSid, type Sealed } from './make-samples.ts';

/** What the code of this tree reads from a sealed thing, as plain JSON; undefined where it doesn't open. */
export function openSample({ kind, text }: Sealed, sealer: Sealer, now: number): unknown {
  return plain(open({ kind, text }, sealer, now));
}

function open({ kind, text }: Omit<Sealed, 'title'>, sealer: Sealer, now: number): unknown {
  switch (kind) {
    case 'session':
    case 'signin':
    case 'grant':
      return openState(kind, text, sealer);
    case 'handle':
    case 'signinhandle':
    case 'granthandle':
      return openHandle(kind, text, sealer);
    case 'record':
      return createRecords(sealer).open(frozenSid, frozenPool, text);
    case 'attempt':
    case 'cognito':
    case 'loop':
      return openCookie(kind, text, sealer, now);
    case 'authorize':
      return openRequest(sealer, text);
    case 'signout':
    case 'return':
      return openLeave(sealer, kind, text);
    case 'browser':
      return openJson(sealer, kind, text);
    default:
      throw new Error(`nothing here opens the kind ${String(kind)}`);
  }
}

function openState(kind: 'session' | 'signin' | 'grant', text: string, sealer: Sealer): unknown {
  const opened = sealer.open(kind, text);
  if (opened === undefined) {
    return undefined;
  }
  if (kind === 'signin') {
    return { host: opened.host, signIn: decodeSignIn(opened.plaintext, opened) };
  }
  const found = decodeSession(opened.plaintext, opened);
  return kind === 'session'
    ? { session: found?.session }
    : { session: found?.session, target: targetOf(found?.extra, opened) };
}

function openHandle(kind: 'handle' | 'signinhandle' | 'granthandle', text: string, sealer: Sealer): unknown {
  const opened = sealer.open(kind, text);
  if (opened === undefined) {
    return undefined;
  }
  if (kind === 'signinhandle') {
    return { host: opened.host, handle: decodeSignInHandle(opened.plaintext, opened) };
  }
  const found = decodeSessionHandle(opened.plaintext, opened);
  return kind === 'handle'
    ? { handle: found?.handle }
    : { handle: found?.handle, target: targetOf(found?.extra, opened) };
}

function openCookie(kind: 'attempt' | 'cognito' | 'loop', pair: string, sealer: Sealer, now: number): unknown {
  const jar = parseCookies(pair);
  const name = pair.slice(0, pair.indexOf('='));
  const clock = { sealer, now: () => now };
  if (kind === 'attempt') {
    const deps = { ...clock, random: (bytes: number) => new Uint8Array(bytes), prefix: '/_cognito-gate' };
    const id = name.slice(attemptCookiePrefix.length);
    return findAttempt(deps, jar, { id, host: frozenHost, pool: frozenPool });
  }
  if (kind === 'cognito') {
    return findCognitoAttempt(clock, jar, name.slice(stateCookiePrefix.length))?.attempt;
  }
  const loop = readLoop(clock, jar, { host: frozenHost, route: frozenRoute });
  return { returns: loop.returnsTo('/cart'), reread: loop.rereadSince(frozenPool, now - 1) };
}

/** Sets and maps as sorted lists, secrets revealed, undefined left out. */
function plain(value: unknown): unknown {
  if (value instanceof Secret) return value.reveal();
  if (value instanceof Set) return [...(value as Set<string>)].toSorted();
  if (value instanceof Map) return [...(value as ReadonlyMap<string, readonly string[]>)];
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value as Record<string, unknown> | Groups);
  return Object.fromEntries(entries.filter(([, one]) => one !== undefined).map(([key, one]) => [key, plain(one)]));
}
