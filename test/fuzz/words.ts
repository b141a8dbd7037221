import type { Dice } from './dice.ts';

const parts = [
  'admin',
  'healthz',
  'api',
  '..',
  '.',
  '%2e%2e',
  '%2f',
  '%5c',
  '\\',
  ';x',
  ';/../',
  '//',
  '%00',
  '%',
  '%zz',
  '%ff',
  '%u002f',
  '\u00e9',
  '#',
  '?',
  '_cognito-gate',
  'start',
  '.well-known/acme-challenge/x',
  '%252e',
  'A',
  '~',
  ':',
  '@:',
  '{',
  '"',
  "'",
  '<',
  '|',
  '^',
  '`',
  '$',
  ' ',
  '*',
] as const;

export function path(dice: Dice): string {
  if (dice.chance(10))
    return dice.pick(['', '/', '/healthz', '/healthz/', '//healthz', '/healthz?', '/admin', '*', '/HEALTHZ']);
  if (dice.chance(1)) return `/${'a/'.repeat(dice.int(4000))}`;
  const list = dice.many(8, () => dice.pick(parts));
  return `/${list.join(dice.chance(50) ? '/' : '')}`;
}

export function query(dice: Dice): string {
  return dice.chance(60)
    ? ''
    : `?${dice.many(3, () => `${dice.pick(['a', 'rd', 'x[]', ''])}=${dice.pick(['1', '%', '%00', '/healthz', '&&', '?', '#'])}`).join('&')}`;
}

const methods = [
  'GET',
  'GET',
  'GET',
  'HEAD',
  'POST',
  'OPTIONS',
  'DELETE',
  'get',
  'G ET',
  '',
  'PROPFIND',
  'GET,POST',
  'CONNECT',
  'TRACE',
];
export const method = (dice: Dice): string => dice.pick(methods);

export const pathsElsewhere = (hosts: readonly string[]): readonly string[] => {
  const [host = 'x'] = hosts;
  return [
    '//evil.example',
    '/\\evil.example',
    '\\\\evil.example',
    '\\/evil.example',
    '/ /evil.example',
    '/\t/evil.example',
    '/\u000b\\evil.example',
    '/%09/evil.example',
    '/%2f/evil.example',
    '/../\\evil.example',
    '/./\\evil.example',
    '/..//evil.example',
    `https://bad${host}/`,
    `https://${host}@evil.example/`,
    `https://evil.example/${host}`,
    `https://evil.example?${host}`,
    `https://evil.example#${host}`,
    `https://${host}:443@evil.example`,
    `https://${host}.evil.example/`,
    'javascript:alert(1)',
    'data:text/html,<script>x</script>',
    'http:evil.example',
    'https:/evil.example',
    '/\r\nLocation: https://evil.example',
    '///evil.example/%2e%2e',
    '/_cognito-gate/start/x',
    '/_cognito-gate/sign-out',
    '',
    '/',
    '/a?b=c#d',
  ];
};

const names = [
  'X-Forwarded-Uri',
  'X-Forwarded-Method',
  'X-Forwarded-Host',
  'X-Forwarded-Proto',
  'X-Original-URI',
  'X-Original-Url ',
  'X_Original_URL',
  'X-Rewrite-URL',
  'Accept',
  'Sec-Fetch-Mode',
  'Sec-Fetch-Dest',
  'Sec-Fetch-Site',
  'Sec-Purpose',
  'Upgrade',
  'Sec-WebSocket-Key',
  'Origin',
  'Access-Control-Request-Method',
  'X-Real-IP',
  'X-Forwarded-For',
  'X-Auth-Request-User',
  'X_Auth_Request_User',
  'X.Auth.Request.Groups',
  'X-Auth-Request-Redirect',
  'Purpose',
  'Range',
  'If-None-Match',
  'Content-Type',
  'X-HTTP-Method-Override',
  'Cookie',
  '__proto__',
  'constructor',
];
const values = [
  '/healthz',
  'GET',
  'OPTIONS',
  'navigate',
  'document',
  'same-origin',
  'websocket',
  'text/html',
  '127.0.0.1',
  '::1',
  'admins',
  '*',
  'null',
  'bytes=0-',
  '',
  'x',
  'https://evil.example',
];

/** One further header, most of them of those that somebody could take for more than a header. */
export function header(dice: Dice): readonly [string, string] {
  const value = dice.chance(80) ? dice.pick(values) : noise(dice, 60);
  return [dice.pick(names), value];
}

/** Bytes that may stand in a header's value. */
export function noise(dice: Dice, most: number): string {
  const text = dice.many(most, () => String.fromCharCode(dice.int(256))).join('');
  return text.replaceAll(/[^\t\x20-\x7e\x80-\xff]/g, '');
}
