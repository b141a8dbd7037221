/**
 * What version 0.0.1 reads: as 0.0.0, and besides it pools that rotate their refresh tokens, sign-ins that a rule wants
 * fresher, sign-outs of several pools, and the handles and records of a store. Never edited either.
 */
import assert from 'node:assert/strict';
import {
  cognitoOf,
  createReader,
  fieldsOf,
  json,
  leaveOf,
  list,
  readers000,
  sessionOf,
  stateOf,
  targetOf,
  text,
  time,
  type Fields,
  type Opened,
  type Readers,
} from './reader-0.0.0.ts';

const readers001: Readers = {
  ...readers000,
  session: (opened) => {
    const fields = fieldsOf(opened);
    return { session: { ...sessionOf(opened, fields), ...rotatesOf(fields['r']) } };
  },
  signin: (opened) => {
    const fields = fieldsOf(opened);
    const own = { sid: text(fields['i']), pool: opened.pool, startedAt: time(fields['S']) };
    return { host: opened.host, signIn: { ...own, ...stateOf(opened, fields), ...rotatesOf(fields['r']) } };
  },
  grant: (opened) => {
    const fields = fieldsOf(opened);
    const session = { ...sessionOf(opened, fields), ...rotatesOf(fields['r']) };
    return { session, target: fresherTargetOf(fields['x'], opened) };
  },
  authorize: (opened) => fresherTargetOf(json(opened.plaintext), opened),
  cognito: (opened, cookie) => cognitoOf(opened, cookie, fresherTargetOf),
  signout: wholeLeaveOf,
  return: wholeLeaveOf,
  browser: ({ pool, host, plaintext }) => {
    const value = json(plaintext);
    assert.ok([value].flat().every((one) => typeof one === 'string'));
    return { pool, host, value };
  },
  handle: (opened) => ({ handle: handleOf(opened, objectOf(opened)) }),
  signinhandle: (opened) => {
    const fields = objectOf(opened);
    return {
      host: opened.host,
      handle: { sid: text(fields['i']), pool: opened.pool, startedAt: time(fields['S']) },
    };
  },
  granthandle: (opened) => {
    const fields = objectOf(opened);
    return { handle: handleOf(opened, fields), target: fresherTargetOf(fields['x'], opened) };
  },
  record: (opened) => {
    const fields = fieldsOf(opened);
    const rotates = [rotatesOf(fields['r']), typeof fields['R'] === 'boolean' ? { rotates: fields['R'] } : {}];
    const until = fields['U'] === undefined ? undefined : time(fields['U']);
    assert.equal(opened.host, 'c2lkc2lkc2lkc2lkc2lkcw');
    return { state: Object.assign(stateOf(opened, fields), ...rotates) as object, until };
  },
};

export const read001 = createReader('0.0.1', readers001);

function rotatesOf(value: unknown): object {
  return value === undefined ? {} : { rotates: value === 1 };
}

function fresherTargetOf(value: unknown, opened: Pick<Opened, 'pool' | 'host'>): object {
  const [, , , , , since, left] = list(value);
  return {
    ...targetOf(value, opened, ['any', 'reread', 'login', 'fresh']),
    ...(typeof since === 'number' && since > 0 ? { since } : {}),
    ...(left === 1 ? { left: true } : {}),
  };
}

function wholeLeaveOf(opened: Opened): object {
  const [, , , , , others, revoked] = list(json(opened.plaintext));
  const leaving = (Array.isArray(others) ? (others as readonly unknown[]) : []).map((one) => {
    const [pool, sid] = list(one);
    return { pool: text(pool), sid: text(sid) };
  });
  return {
    ...leaveOf(opened),
    ...(Array.isArray(others) ? { others: leaving } : {}),
    ...(typeof revoked === 'string' ? { revoked } : {}),
  };
}

function objectOf({ plaintext }: Opened): Fields {
  const fields = json(plaintext);
  assert.ok(typeof fields === 'object' && fields !== null && !Array.isArray(fields));
  return fields as Fields;
}

function handleOf({ pool, host }: Opened, fields: Fields): object {
  return {
    sid: text(fields['i']),
    pool,
    host,
    startedAt: time(fields['S']),
    signInStartedAt: time(fields['I']),
    sealedAt: time(fields['w']),
  };
}
