import dns from 'node:dns';

/*
 * For `node --import`: names under `.localhost` are loopback (RFC 6761, section 6.3), which browsers know and not every
 * resolver does. Elsewhere a line in /etc/hosts would do.
 */
const lookup = dns.lookup;

function loopback(this: unknown, ...args: readonly unknown[]): unknown {
  const [name, ...others] = args;
  const isLocal = typeof name === 'string' && name.endsWith('.localhost');
  return Reflect.apply(lookup, this, [isLocal ? '127.0.0.1' : name, ...others]);
}

Object.assign(dns, { lookup: Object.assign(loopback, lookup) });
