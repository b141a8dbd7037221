import { stackHosts } from '../support/stack.ts';
import { bearer, isGenuineBearer } from './bearer-inputs.ts';
import type { Dice } from './dice.ts';
import { apiHost } from './genuine.ts';
import type { Genuine } from './genuine.ts';
import { requestBytes } from './input.ts';
import type { Header, Input } from './input.ts';
import { mutate } from './mutate.ts';
import { header, method, noise, path, query } from './words.ts';

/** A Cookie header with nothing in it that is real, as far as mangling goes; `isGenuineJar` has the last word. */
export function cookies(dice: Dice, genuine: Genuine): string {
  const [name, session] = genuine.session;
  const values = genuine.cookies.map(([, value]) => value);
  const bad = (): string => mutate(dice, dice.chance(60) ? session : dice.pick(values), values);
  const roll = dice.int(100);
  if (roll < 50) return `${name}=${bad()}`;
  if (roll < 60) return dice.many(12, () => `${name}=${bad()}`).join('; ');
  if (roll < 70) return `${dice.pick(genuine.cookies)[0]}=${dice.pick(values.filter((value) => value !== session))}`;
  if (roll < 75) return `${name}=${session.slice(0, dice.int(session.length))}`;
  if (roll < 78) return `${name}=${'A'.repeat(dice.int(66_000))}`;
  if (roll < 81) return Array.from({ length: dice.int(800) }, (_, at) => `c${at}=${at}`).join('; ');
  // One that is good beside one that isn't: the right person, or nobody.
  if (roll < 84) return `${name}=${session}; ${name}=${bad()}`;
  if (roll < 87) return `${name}=${bad()};${name}=${session}`;
  if (roll < 90) return `${dice.pick(['x', ' ', '"', '__Host-', '__Secure-', '$'])}${name}=${session}`;
  if (roll < 93) return dice.pick(['', ';', '=', ';;=;', name, `${name}=`, `${name}==;`, `=${session}`]);
  return noise(dice, 400);
}

/** Whether a reader may take a real session for one that was sent. */
export function isGenuineJar(jar: string, { sessions }: Genuine): boolean {
  return sessions.some((session) => jar.includes(session));
}

/** The same jar with nobody in it. */
export function withoutSessions(jar: string, { sessions }: Genuine): string {
  return sessions.reduce((text, session) => text.replaceAll(session, 'x'), jar);
}

function address(dice: Dice, host: string): string {
  const roll = dice.int(100);
  const target = `${path(dice)}${query(dice)}`;
  if (roll < 70) return `https://${host}${target}`;
  const strange = dice.pick([
    `${host}:443\\healthz?`,
    `${host}:443#`,
    `${host}:99999`,
    `${host}/healthz#`,
    `x@${host}`,
    '[::1]',
    '[::1',
    '',
    'evil.example',
    `${host}?a`,
    ` ${host}`,
    `${host}%2fhealthz?`,
  ]);
  return `${dice.pick(['https://', 'http://', 'HTTPS://', 'ftp://', 'https:/', '', '//'])}${strange}${target}`;
}

function witnesses(dice: Dice, host: string, plausible: boolean): readonly Header[] {
  if (plausible) {
    return [
      ['X-Original-URL', `https://${host}${dice.pick(['/', '/admin', '/healthz', '/api/x?a=b', path(dice)])}`],
      ['X-Original-Method', dice.pick(['GET', 'GET', 'HEAD', 'POST', 'OPTIONS'])],
    ];
  }
  const out: Header[] = [];
  const url = address(dice, host);
  const verb = method(dice);
  if (!dice.chance(5)) out.push(['X-Original-URL', url]);
  if (!dice.chance(5)) out.push(['X-Original-Method', verb]);
  if (dice.chance(12)) out.push(['X-Original-URL', dice.chance(50) ? url : address(dice, host)]);
  if (dice.chance(5)) out.push(['x-original-method', method(dice)]);
  if (dice.chance(20)) {
    const rest = /^https?:\/\/[^/]*(\/.*)$/.exec(url)?.[1] ?? path(dice);
    out.push(['X-Forwarded-Uri', dice.chance(50) ? rest : path(dice)]);
    out.push(['X-Forwarded-Method', dice.chance(50) ? verb : method(dice)]);
  }
  return out;
}

const publicPath = /^(?:https?:\/\/(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?)?(\/[^?]*)/;

/** What an independent reader lets through without asking who it is: every witness says the health path, or a certificate's. */
export function isPublic(headers: readonly Header[]): boolean {
  const named = (name: string): string[] =>
    headers.filter(([field]) => field.trim().toLowerCase() === name).map(([, value]) => value);
  const paths = [...named('x-original-url'), ...named('x-forwarded-uri')].map(
    (value) => publicPath.exec(value.trim())?.[1],
  );
  const verbs = [...named('x-original-method'), ...named('x-forwarded-method')];
  if (paths.length === 0 || verbs.length === 0) return false;
  const health =
    paths.every((found) => found === '/healthz') && verbs.every((verb) => /^(GET|HEAD)$/.test(verb.trim()));
  const acme = paths.every((found) => found !== undefined && /^\/\.well-known\/acme-challenge\/[\w-]+$/.test(found));
  return health || (acme && verbs.every((verb) => /^(GET|HEAD)$/.test(verb.trim())));
}

/** A question as NGINX or Traefik would put it, about a request that nobody honest sends. */
export function decisionInput(dice: Dice, genuine: Genuine): Input {
  const place = dice.pick(['shop', 'shop', 'wiki', 'api', 'none'] as const);
  const host = { shop: stackHosts.shop, wiki: stackHosts.wiki, api: apiHost, none: stackHosts.shop }[place];
  const id = place === 'none' ? routeless(dice, genuine) : genuine.routes[place];
  // Half of them are strange in one thing only, and get past the checks of form.
  const plausible = dice.chance(50);
  const headers: Header[] = [['Host', 'gate'], ...witnesses(dice, host, plausible)];
  const jar = dice.chance(75) ? cookies(dice, genuine) : '';
  if (jar !== '') headers.push(['Cookie', jar]);
  const authorization = dice.chance(25) ? bearer(dice, genuine.tokens) : undefined;
  if (authorization !== undefined) headers.push(['Authorization', authorization]);
  if (authorization !== undefined && dice.chance(10)) headers.push(['authorization', bearer(dice, genuine.tokens)]);
  if (!plausible) headers.push(...dice.many(5, () => header(dice)));
  if (dice.chance(30)) headers.push(['Accept', 'text/html']);
  const real =
    headers.some(([name, value]) => name.toLowerCase() === 'cookie' && isGenuineJar(value, genuine)) ||
    headers.some(([name, value]) => name.toLowerCase() === 'authorization' && isGenuineBearer(value, genuine.tokens));
  const line = `GET /nginx/${id}${dice.chance(5) ? '?rd=/healthz' : ''} HTTP/1.1`;
  const mayPass = place !== 'none' && isPublic(headers) ? 'public' : real ? 'somebody' : 'no';
  const bytes = requestBytes(line, headers);
  return { kind: 'decision', port: 'decisions', bytes, raw: false, head: false, host, path: '', mayPass };
}

function routeless(dice: Dice, { routes }: Genuine): string {
  const id = mutate(dice, routes.shop, [routes.wiki]).replaceAll(/[^\x21-\x7e]/g, 'x');
  return dice.pick([
    id,
    `${routes.shop}/`,
    `${routes.shop}/x`,
    `../nginx/${routes.shop}`,
    '',
    '%00',
    `${routes.shop}%20`,
  ]);
}

/** The real session, or a real token, where it belongs: it has to pass, or nothing that is refused here says anything. */
export function control(genuine: Genuine, what: 'session' | 'token'): Input {
  const [name, session] = genuine.session;
  const place =
    what === 'session' ? { host: stackHosts.shop, id: genuine.routes.shop } : { host: apiHost, id: genuine.routes.api };
  const proof: Header =
    what === 'session' ? ['Cookie', `a=b; ${name}=${session}`] : ['Authorization', `Bearer ${genuine.tokens[0] ?? ''}`];
  const headers: Header[] = [
    ['Host', 'gate'],
    ['X-Original-URL', `https://${place.host}/admin`],
    ['X-Original-Method', 'POST'],
    proof,
  ];
  const bytes = requestBytes(`GET /nginx/${place.id} HTTP/1.1`, headers);
  const fixed = { kind: `control (${what})`, port: 'decisions', raw: false, head: false, mayPass: 'must' } as const;
  return { ...fixed, bytes, host: place.host, path: '/admin' };
}
