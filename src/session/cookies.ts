import { limits } from './limits.ts';
import { ourCookiePrefix } from './names.ts';

/** The cookies of ours in one request; foreign ones are never kept. */
export interface CookieJar {
  /** Values of a name in the order they came: a browser may hold one, a client can send any number. */
  all(name: string): readonly string[];
  names(): readonly string[];
}

const none: readonly string[] = [];
const emptyJar: CookieJar = { all: () => none, names: () => none };

/** Reads a Cookie header; bounded in length, cookies and values of a name before anything looks into them. */
export function parseCookies(header: string | undefined): CookieJar {
  if (header === undefined || header.length > limits.cookieHeader || !header.includes(ourCookiePrefix)) {
    return emptyJar;
  }
  const found = new Map<string, string[]>();
  let read = 0;
  let at = header.indexOf(ourCookiePrefix);
  while (at !== -1 && read < limits.cookiesRead) {
    const stop = header.indexOf(';', at);
    const end = stop === -1 ? header.length : stop;
    if (startsCookie(header, at)) {
      keep(found, header.slice(at, end));
      read += 1;
    }
    at = header.indexOf(ourCookiePrefix, end);
  }
  return { all: (name) => found.get(name) ?? none, names: () => [...found.keys()] };
}

/**
 * The values of one name, for the decision path, which needs no other. One that is empty or too long to be ours counts
 * as `''`: whether a name came twice is part of the answer.
 */
export function cookieValues(header: string | undefined, name: string): readonly string[] {
  if (header === undefined || header.length > limits.cookieHeader) {
    return [];
  }
  const values: string[] = [];
  let at = header.indexOf(name);
  for (let read = 0; at !== -1 && read < limits.cookiesRead && values.length < limits.valuesOfName; read += 1) {
    const stop = header.indexOf(';', at);
    const end = stop === -1 ? header.length : stop;
    const value = startsCookie(header, at) ? valueOf(header.slice(at, end), name) : undefined;
    if (value !== undefined) {
      values.push(value);
    }
    at = header.indexOf(name, end);
  }
  return values;
}

/** Undefined for a cookie whose name only starts like this one. */
function valueOf(pair: string, name: string): string | undefined {
  const equals = pair.indexOf('=');
  if (equals === -1 || (equals !== name.length && pair.slice(0, equals).trimEnd() !== name)) {
    return undefined;
  }
  const value = pair.slice(equals + 1).trim();
  return value.length > limits.sealedText ? '' : value;
}

export interface CookieOptions {
  /** Seconds. */
  readonly maxAge: number;
}

/** A Set-Cookie value. `__Host-` demands Secure, Path=/ and no Domain (RFC 6265bis 4.1.3.2). */
export function setCookie(name: string, value: string, options: CookieOptions): string {
  return `${name}=${value}; Path=/; Max-Age=${Math.max(0, Math.floor(options.maxAge))}; Secure; HttpOnly; SameSite=Lax`;
}

export function clearCookie(name: string): string {
  return setCookie(name, '', { maxAge: 0 });
}

/** Whether a cookie starts here: at the head, or behind `;` and white space. A value may contain our prefix. */
function startsCookie(header: string, at: number): boolean {
  let before = at - 1;
  while (before >= 0 && (header[before] === ' ' || header[before] === '\t')) {
    before -= 1;
  }
  return before < 0 || header[before] === ';';
}

function keep(found: Map<string, string[]>, pair: string): void {
  const equals = pair.indexOf('=');
  if (equals === -1) {
    return;
  }
  const name = pair.slice(0, equals).trimEnd();
  const value = pair.slice(equals + 1).trim();
  if (value === '' || value.length > limits.sealedText) {
    return;
  }
  const values = found.get(name);
  if (values === undefined) {
    found.set(name, [value]);
  } else if (values.length < limits.valuesOfName) {
    values.push(value);
  }
}
