import dns from 'node:dns';
import { existsSync } from 'node:fs';

/*
 * For `node --import`: `cognito.localhost` is loopback, and while the file that NAMES_GONE names is there, it is a name
 * that nobody knows: a fault that a real resolver can't be made to have without root.
 */
const { lookup } = dns;
const file = process.env['NAMES_GONE'] ?? '';

function answer(this: unknown, ...args: readonly unknown[]): unknown {
  const [name, ...others] = args;
  if (name !== 'cognito.localhost') return Reflect.apply(lookup, this, args);
  if (!existsSync(file)) return Reflect.apply(lookup, this, ['127.0.0.1', ...others]);
  const done = others.at(-1);
  const error = Object.assign(new Error('getaddrinfo ENOTFOUND cognito.localhost'), { code: 'ENOTFOUND' });
  if (typeof done === 'function') setImmediate(() => Reflect.apply(done, undefined, [error]) as unknown);
  return {};
}

Object.assign(dns, { lookup: Object.assign(answer, lookup) });
