import { stackHosts } from '../support/stack.ts';
import { navigation } from '../support/visitor.ts';
import { cookies, isGenuineJar, withoutSessions } from './decision-inputs.ts';
import type { Dice } from './dice.ts';
import { apiHost } from './genuine.ts';
import type { Genuine } from './genuine.ts';
import { requestBytes } from './input.ts';
import type { Header, Input } from './input.ts';
import { mutate } from './mutate.ts';
import { header, noise, path, pathsElsewhere } from './words.ts';

const parameterNames = [
  'rd',
  'rd',
  'request',
  'request',
  'state',
  'code',
  'g',
  'error',
  'error_description',
  'path',
  'pool',
  'switch',
  'check',
  'unread',
  'route',
  'incomplete',
  'iss',
  'lang',
  '__proto__',
];

const texts = (genuine: Genuine): readonly string[] => [...genuine.requests, ...genuine.grants, ...genuine.states];

/** Real requests, grants and states come mangled, or whole where they don't belong. */
function value(dice: Dice, genuine: Genuine, name: string): string {
  const roll = dice.int(100);
  if (name === 'rd' || name === 'path') {
    return roll < 70 ? dice.pick(pathsElsewhere([stackHosts.shop])) : path(dice);
  }
  if (roll < 55) return mutate(dice, dice.pick(texts(genuine)), texts(genuine));
  if (roll < 65) return dice.pick(genuine.cookies)[1];
  if (roll < 75) return dice.pick(pathsElsewhere([stackHosts.shop]));
  return dice.pick([
    '',
    '1',
    'login_required',
    'access_denied',
    '<script>alert(1)</script>',
    '"><img src=x>',
    '\u2028',
    'x'.repeat(3000),
    noise(dice, 80),
  ]);
}

function parameters(dice: Dice, genuine: Genuine): string {
  if (dice.chance(10)) return noise(dice, 80).replaceAll(/[\s#]/g, '%');
  const list = dice.many(4, () => {
    const name = dice.pick(parameterNames);
    const text = value(dice, genuine, name).toWellFormed();
    return `${name}=${dice.chance(90) ? encodeURIComponent(text) : text.replaceAll(/[\s#]/g, '%')}`;
  });
  return list.join('&');
}

interface Place {
  readonly host: string;
  readonly path: string;
}

function place(dice: Dice, genuine: Genuine): Place {
  const app = (at: string): Place => ({
    host: dice.pick([stackHosts.shop, stackHosts.wiki, apiHost]),
    path: `/_cognito-gate${at}`,
  });
  const roll = dice.int(100);
  if (roll < 40) {
    const at = dice.pick(['authorize', 'callback', 'callback', 'sign-out', 'signed-out', 'x', '']);
    return { host: stackHosts.signIn, path: `/oauth2/${at}` };
  }
  if (roll < 65) return app(`/start/${dice.pick([genuine.routes.shop, genuine.routes.wiki, genuine.routes.api, 'x'])}`);
  if (roll < 80) {
    const grant = mutate(dice, dice.pick(genuine.grants), genuine.grants);
    return app(`/complete/${encodeURIComponent(grant.toWellFormed()).slice(0, 900)}`);
  }
  if (roll < 95)
    return app(dice.pick(['', '/', '/userinfo', '/sign-out', '/sign-out', '/complete/x', '/start/', '//', '/../']));
  return {
    host: dice.pick(['evil.example', 'x', '[::1]', `${stackHosts.shop}:1:2`, '']),
    path: path(dice).replaceAll(/[\s]/g, ''),
  };
}

/** Addresses of the sign-in port with parameters, forms and cookies that are almost right. */
export function signInInput(dice: Dice, genuine: Genuine): Input {
  const at = place(dice, genuine);
  const verb = dice.pick(['GET', 'GET', 'GET', 'GET', 'HEAD', 'POST', 'POST', 'PUT', 'OPTIONS']);
  const search = parameters(dice, genuine);
  const form = verb === 'POST' || verb === 'PUT' ? parameters(dice, genuine) : '';
  // A real session may look at pages; a form with one would rightly end it.
  const real = (verb === 'GET' || verb === 'HEAD') && dice.chance(25);
  const [name, session] = genuine.session;
  const jar = real ? `${name}=${session}` : withoutSessions(cookies(dice, genuine), genuine);
  const headers: Header[] = [['Host', `${at.host}${dice.chance(50) ? ':8443' : ''}`]];
  if (jar !== '') headers.push(['Cookie', jar]);
  if (dice.chance(75)) headers.push(...Object.entries(navigation));
  if (form !== '') {
    headers.push([
      'Content-Type',
      dice.pick([
        'application/x-www-form-urlencoded',
        'application/x-www-form-urlencoded',
        'text/plain',
        'multipart/form-data',
        '',
      ]),
    ]);
    headers.push(
      ...dice.pick<readonly Header[]>([[['Sec-Fetch-Site', 'same-origin']], [['Origin', `https://${at.host}`]], []]),
    );
  }
  headers.push(...dice.many(3, () => header(dice)));
  const where = at.path.replaceAll(/[^\x21-\xff]/g, '%');
  const line = `${verb} ${where === '' ? '/' : where}${search === '' ? '' : `?${search.replaceAll(/[^\x21-\xff]/g, '%')}`} HTTP/1.1`;
  const somebody = headers.some(([field, text]) => field.toLowerCase() === 'cookie' && isGenuineJar(text, genuine));
  return {
    kind: 'sign-in',
    port: 'signIn',
    bytes: requestBytes(line, headers, form),
    raw: false,
    head: verb === 'HEAD',
    host: at.host,
    path: where,
    mayPass: somebody ? 'somebody' : 'no',
  };
}

/** The same, and protected paths, the way a browser's bytes come: through the proxy. */
export function proxyInput(dice: Dice, genuine: Genuine): Input {
  if (dice.chance(30)) {
    const inner = signInInput(dice, genuine);
    return { ...inner, kind: 'sign-in through NGINX', port: 'nginx' };
  }
  const host = dice.pick([stackHosts.shop, stackHosts.shop, stackHosts.wiki]);
  const target = `/admin${path(dice).replaceAll(/[\s]/g, '')}`;
  const named = dice.pick([
    host,
    host,
    host,
    host,
    `${host}:443\\healthz?`,
    `${host}:443#`,
    `${host}.`,
    host.toUpperCase(),
  ]);
  const jar = withoutSessions(cookies(dice, genuine), genuine).slice(0, 7000);
  const headers: Header[] = [
    ['Host', named],
    ...dice.many(4, () => header(dice)).filter(([name]) => name !== 'Cookie'),
  ];
  if (jar !== '') headers.push(['Cookie', jar]);
  if (dice.chance(50)) headers.push(['Accept', 'text/html']);
  if (dice.chance(25))
    headers.push(['Authorization', `Bearer ${mutate(dice, dice.pick(genuine.tokens), genuine.tokens).slice(0, 6000)}`]);
  const verb = dice.pick(['GET', 'GET', 'GET', 'HEAD', 'POST', 'OPTIONS', 'DELETE']);
  return {
    kind: 'app through NGINX',
    port: 'nginx',
    bytes: requestBytes(`${verb} ${target} HTTP/1.1`, headers),
    raw: false,
    head: verb === 'HEAD',
    host,
    path: target,
    mayPass: 'no',
  };
}
