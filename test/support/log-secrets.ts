import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CognitoUser } from './cognito/types.ts';
import type { Visitor } from './visitor.ts';

/** Whatever looks like a token, a cookie of ours, an e-mail, or a query that carries a code, state, request or grant. */
const patterns = [/eyJ[A-Za-z0-9_-]{10}/, /__Host-/, /[\w.]+@[\w-]+\.\w+/, /[?&](?:code|state|request|g)=/];

interface Met {
  readonly visitors: readonly Visitor[];
  readonly users: readonly CognitoUser[];
  readonly clientSecret: string;
}

/** The same for every log of a folder; fails where one holds something. */
export async function assertNoSecrets(folder: string, met: Met): Promise<void> {
  for (const file of (await readdir(folder)).filter((name) => name.endsWith('.log'))) {
    const leaks = secretsIn(await readFile(join(folder, file), 'utf8'), met);
    if (leaks.length > 0) throw new Error(`M3: the log ${file} in ${folder} holds ${leaks.join(', ')}`);
  }
}

/**
 * What a log must never hold (cases M3, L17): gives a line for each thing found, by kind and digest, never the value.
 * `Ask the desk` and the like in configuration is not logged, so an e-mail in a log is a person's.
 */
export function secretsIn(log: string, met: Met): string[] {
  const values = new Map<string, string>([[met.clientSecret, 'client secret']]);
  for (const user of met.users) {
    values.set(user.password, `password of ${user.username}`);
    if (user.email !== undefined) values.set(user.email, `e-mail of ${user.username}`);
  }
  for (const visitor of met.visitors) for (const [value, kind] of valuesOf(visitor)) values.set(value, kind);
  const found: string[] = [];
  for (const [value, kind] of values) {
    if (value.length >= 8 && log.includes(value))
      found.push(`${kind} (${createHash('sha256').update(value).digest('hex').slice(0, 8)})`);
  }
  for (const pattern of patterns) if (pattern.test(log)) found.push(`something like ${String(pattern)}`);
  return found;
}

const secretParameters = new Set(['code', 'state', 'request', 'g', 'nonce']);

/** Cookies, and what the URLs of this browser carried, each with its kind. */
function valuesOf(visitor: Visitor): [value: string, kind: string][] {
  const cookies = [...visitor.jar].flatMap(([host, jar]) =>
    [...jar].map(([name, value]): [string, string] => [value, `cookie ${name} of ${host}`]),
  );
  const parameters = visitor.trail
    .flatMap((href) => [...new URL(href).searchParams])
    .filter(([name]) => secretParameters.has(name))
    .map(([name, value]): [string, string] => [value, `${name} of a URL`]);
  return [...cookies, ...parameters];
}
