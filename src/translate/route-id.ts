import { hash } from 'node:crypto';

/** 32 lowercase hex characters; no name can contain the separator, so no two Ingresses share an id (T19.1). */
export function routeId(namespace: string, name: string): string {
  return hash('sha256', `${namespace}\0${name}`).slice(0, 32);
}
