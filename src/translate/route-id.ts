import { createHash } from 'node:crypto';

/** 32 lowercase hex characters; no name can contain the separator, so no two Ingresses share an id (T19.1). */
export function routeId(namespace: string, name: string): string {
  return createHash('sha256').update(`${namespace}\0${name}`).digest('hex').slice(0, 32);
}
