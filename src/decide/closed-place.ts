import type { Request } from '../model/request.ts';
import { decide } from './decide.ts';
import type { DecideOptions } from './decide.ts';
import type { CompiledRoute } from './table.ts';

/** A host and a path where a request without cookie and token is refused. */
export interface ClosedPlace {
  readonly host: string;
  readonly path: string;
}

/** What a path of a regular expression is made of too: such a path is no address. */
const plain = /^\/[A-Za-z0-9/_.~-]*$/;

function bare(path: string): Request {
  return {
    method: 'GET',
    path,
    query: '',
    clientAddress: undefined,
    cookie: undefined,
    authorization: undefined,
    authorizationTwice: false,
    navigation: 'none',
    webSocket: false,
    origin: undefined,
    preflight: false,
  };
}

/** Where one may look whether a route is closed; undefined: nowhere is it sure. The first path of the Ingress, or one below. */
export function closedPlace({ route, policy }: CompiledRoute, options: DecideOptions): ClosedPlace | undefined {
  for (const { host, path, type } of route.paths) {
    if (host.startsWith('*') || !plain.test(path)) continue;
    const below = `${path.replace(/\/$/, '')}/cognito-gate-probe`;
    const paths = type === 'Exact' ? [path] : [path, below];
    const isClosed = (one: string): boolean =>
      policy === undefined || decide(bare(one), [], policy, options).kind === 'refuse';
    const found = paths.find(isClosed);
    if (found !== undefined) return { host, path: found };
  }
  return undefined;
}
