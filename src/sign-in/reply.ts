import type { WebResponse } from '../model/web.ts';
import { privateHeaders } from './pages/layout.ts';

export function redirect(address: string, cookies: readonly string[] = []): WebResponse {
  return { status: 302, headers: { ...privateHeaders, location: address }, cookies, body: '' };
}

export function json(status: number, value: unknown): WebResponse {
  const headers = { ...privateHeaders, 'content-type': 'application/json; charset=utf-8' };
  return { status, headers, cookies: [], body: `${JSON.stringify(value)}\n` };
}

/** Only of a name that was sent exactly once: two values are read differently by different readers. */
export function single(parameters: URLSearchParams, name: string): string | undefined {
  const values = parameters.getAll(name);
  return values.length === 1 ? values[0] : undefined;
}
