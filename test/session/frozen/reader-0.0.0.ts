/**
 * What version 0.0.0 reads from everything that is sealed, written down apart from its code: with this a replica of
 * that version goes on in a rolling update, beside a newer one. Never edited; a version that reads in another way gets
 * a reader of its own. Fields that it doesn't know are ignored, and those that it needs are asserted.
 */
import assert from 'node:assert/strict';
import { createDecipheriv, createHash } from 'node:crypto';
import { inflateRawSync } from 'node:zlib';

export type Fields = Readonly<Record<string, unknown>>;

export interface Opened {
  readonly pool: string;
  readonly host: string;
  readonly plaintext: Buffer;
}

export interface Cookie {
  readonly name: string;
  /** What stands in the clear behind the seal. */
  readonly after: string;
}

export type Readers = Readonly<Record<string, (opened: Opened, cookie: Cookie) => unknown>>;

export type Read = (kind: string, text: string, ring: Readonly<Record<string, string>>) => unknown;

/** `text` as in the samples: a sealed text, or `name=value` of a cookie. Throws where that version would refuse. */
export function createReader(version: string, readers: Readers): Read {
  return (kind, text, ring) => {
    const value = text.slice(text.indexOf('=') + 1);
    const name = text.slice(0, Math.max(0, text.indexOf('=')));
    const tilde = value.indexOf('~');
    const opened = unseal(kind, tilde === -1 ? value : value.slice(0, tilde), ring);
    const reader = readers[kind];
    assert.ok(reader !== undefined, `version ${version} has no kind ${kind}`);
    return defined(reader(opened, { name, after: tilde === -1 ? '' : value.slice(tilde + 1) }));
  };
}

export const readers000: Readers = {
  session: (opened) => ({ session: sessionOf(opened, fieldsOf(opened)) }),
  signin: (opened) => {
    const fields = fieldsOf(opened);
    const own = { sid: text(fields['i']), pool: opened.pool, startedAt: time(fields['S']) };
    return { host: opened.host, signIn: { ...own, ...stateOf(opened, fields) } };
  },
  grant: (opened) => {
    const fields = fieldsOf(opened);
    return { session: sessionOf(opened, fields), target: targetOf(fields['x'], opened) };
  },
  authorize: (opened) => targetOf(json(opened.plaintext), opened),
  attempt: attemptOf,
  cognito: cognitoOf,
  signout: leaveOf,
  return: leaveOf,
  browser: ({ pool, host, plaintext }) => ({ pool, host, value: text(json(plaintext)) }),
  loop: loopOf,
};

export const read000 = createReader('0.0.0', readers000);

function unseal(kind: string, sealed: string, ring: Readonly<Record<string, string>>): Opened {
  assert.ok(sealed.length <= 4096);
  const match = /^1([a-z0-9]{1,16})\.([A-Za-z0-9_-]{1,512})\.([A-Za-z0-9_-]{38,})$/.exec(sealed);
  assert.ok(match !== null, `${kind}: not of the form of version 1`);
  const [, id = '', scopeText = '', bodyText = ''] = match;
  const entry = JSON.parse(ring[id] ?? 'null') as { key: string } | null;
  assert.ok(entry !== null, `no key ${id}`);
  const scope = Buffer.from(scopeText, 'base64url');
  const body = Buffer.from(bodyText, 'base64url');
  const parts = [Buffer.from('1'), Buffer.from(kind), Buffer.from(id), scope];
  const bound = parts.flatMap((part) => [lengthOf(part), part]);
  const decipher = createDecipheriv('aes-256-gcm', Buffer.from(entry.key, 'base64'), body.subarray(0, 12));
  decipher.setAAD(Buffer.concat(bound));
  decipher.setAuthTag(body.subarray(-16));
  const plaintext = Buffer.concat([decipher.update(body.subarray(12, -16)), decipher.final()]);
  const isId = scope[0] === 0xff;
  const end = 1 + (isId ? 32 : (scope[0] ?? 0));
  return {
    pool: scope.toString(isId ? 'hex' : 'utf8', 1, end),
    host: scope.toString('utf8', end),
    plaintext,
  };
}

function lengthOf(part: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(part.length);
  return length;
}

export function fieldsOf({ plaintext }: Opened): Fields {
  const fields = json(plaintext.subarray(2, 2 + plaintext.readUInt16BE(0)));
  assert.ok(typeof fields === 'object' && fields !== null && !Array.isArray(fields));
  return fields as Fields;
}

export function json(bytes: Buffer): unknown {
  return JSON.parse(inflateRawSync(bytes, { maxOutputLength: 65_536 }).toString('utf8')) as unknown;
}

export function sessionOf(opened: Opened, fields: Fields): object {
  return {
    sid: text(fields['i']),
    pool: opened.pool,
    host: opened.host,
    startedAt: time(fields['S']),
    signInStartedAt: time(fields['I']),
    sealedAt: time(fields['w']),
    ...stateOf(opened, fields),
  };
}

export function stateOf({ pool, plaintext }: Opened, fields: Fields): object {
  const names = fields['g'] === undefined ? [] : texts(fields['g']);
  const judged = fields['j'] === undefined ? undefined : [...names, ...texts(fields['j'])].toSorted();
  const claims = fields['k'] === undefined ? [] : (fields['k'] as unknown[]).map(texts);
  const identity = {
    kind: 'person',
    pool,
    subject: text(fields['s']),
    username: text(fields['u']),
    preferredUsername: maybeText(fields['p']),
    name: maybeText(fields['n']),
    email: maybeText(fields['m']),
    emailTrusted: fields['t'] === 1,
    groups: { names: names.toSorted(), judged },
    claims: claims.map(([name, ...values]) => [name, values]),
    authTime: time(fields['a']),
  };
  const rest = plaintext.subarray(2 + plaintext.readUInt16BE(0));
  const refreshToken = rest.length === 0 ? undefined : tokenOf(rest);
  return { identity, checkedAt: time(fields['c']), tokensExpireAt: time(fields['e']), refreshToken };
}

function tokenOf(bytes: Buffer): string {
  if (bytes[0] === 0) {
    return bytes.toString('utf8', 1);
  }
  assert.equal(bytes[0], 1);
  const parts: string[] = [];
  for (let at = 1; at < bytes.length;) {
    const length = bytes.readUInt32BE(at);
    parts.push(bytes.toString('base64url', at + 4, at + 4 + length));
    at += 4 + length;
  }
  assert.equal(parts.length, 5);
  return parts.join('.');
}

export function targetOf(
  value: unknown,
  { pool, host }: Pick<Opened, 'pool' | 'host'>,
  wishes: readonly string[] = ['any', 'reread', 'login'],
): object {
  const [route, attempt, wish, at, returnPath] = list(value);
  assert.ok(typeof wish === 'number' && wishes[wish] !== undefined);
  return {
    pool,
    host,
    route: Buffer.from(text(route), 'base64url').toString('hex'),
    attempt: text(attempt),
    wish: wishes[wish],
    at: time(at),
    // Absent, or null before what a newer version says.
    returnPath: maybeText(returnPath ?? undefined),
  };
}

function attemptOf({ plaintext, pool, host }: Opened, { name, after }: Cookie): unknown {
  const [secret, at, returns, pathDigest] = list(json(plaintext));
  const returnPath = after.replaceAll(/!([0-9a-f]{2})/g, (_, code: string) =>
    String.fromCharCode(Number.parseInt(code, 16)),
  );
  const id = digest('attempt', text(secret));
  assert.equal(name, `__Host-cga-${id}`);
  assert.equal(pathDigest, digest('return path', returnPath));
  assert.equal(pool.length, 8);
  assert.equal(host, 'shop.example.com');
  return { id, returnPath, at: time(at), returns: time(returns) };
}

export function cognitoOf(opened: Opened, { name }: Cookie, readTarget: typeof targetOf = targetOf): unknown {
  const [secret, target, used] = list(json(opened.plaintext));
  const state = digest('state', text(secret));
  assert.equal(name, `__Host-cgc-${state}`);
  const codeVerifier = createHash('sha256').update('verifier\0').update(text(secret)).digest('base64url');
  return {
    state,
    nonce: digest('nonce', text(secret)),
    codeVerifier,
    target: readTarget(target, opened),
    used: used === 1,
  };
}

export function leaveOf({ plaintext, pool, host }: Opened): object {
  const [route, sid, returnPath, switchAccount, at] = list(json(plaintext));
  return {
    pool,
    host,
    route: text(route) === '' ? undefined : route,
    sid: text(sid) === '' ? undefined : sid,
    returnPath: text(returnPath),
    switchAccount: switchAccount === 1,
    at: time(at),
  };
}

function loopOf({ plaintext }: Opened, { name }: Cookie): unknown {
  assert.equal(name, '__Host-cgl-01234567');
  const [at, returns, rereads] = list(json(plaintext));
  const key = digest('loop', '/cart').slice(0, 11);
  const entries = list(returns).map(list);
  return {
    returns: entries.find(([one]) => one === key)?.[1] ?? 0,
    reread: list(rereads).some((one) => time(list(one)[1]) >= time(at) - 1),
  };
}

function digest(purpose: string, value: string): string {
  const hash = createHash('sha256').update(purpose).update('\0').update(value).digest();
  return hash.subarray(0, 16).toString('base64url');
}

export function text(value: unknown): string {
  assert.equal(typeof value, 'string');
  return value as string;
}

export function maybeText(value: unknown): string | undefined {
  return value === undefined ? undefined : text(value);
}

export function time(value: unknown): number {
  assert.ok(Number.isFinite(value));
  return value as number;
}

function texts(value: unknown): string[] {
  return list(value).map(text);
}

export function list(value: unknown): readonly unknown[] {
  assert.ok(Array.isArray(value));
  return value;
}

/** Without the fields that are undefined, as JSON has it. */
function defined(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value)) as unknown;
}
