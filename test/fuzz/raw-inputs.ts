import type { Dice } from './dice.ts';
import type { Genuine } from './genuine.ts';
import type { Input } from './input.ts';
import { header, noise, path } from './words.ts';

const fields = [
  'Host: x',
  'Host:',
  'Host: a\r\nHost: b',
  'Content-Length: 5',
  'Content-Length: -1',
  'Content-Length: 99999999999999999999',
  'Content-Length: 5\r\nContent-Length: 6',
  'Transfer-Encoding: chunked',
  'Transfer-Encoding: x, chunked',
  'Transfer-Encoding: chunked\r\nContent-Length: 3',
  'Expect: 100-continue',
  'Expect: anything',
  'Upgrade: h2c',
  'Connection: Upgrade',
  'Connection: close, keep-alive',
  'X-Original-URL: https://x/private',
  'X-Original-Method: GET',
  ': x',
  'A B: c',
  'A\tB: c',
  'X:\u0001',
  'X: \u0000',
  ' folded',
  'X: a\n b',
  'Content-Type: application/json',
  'Content-Type: application/x-www-form-urlencoded',
  '\u00ff\u00fe: x',
];

function line(dice: Dice, { routes }: Genuine): string {
  return dice.pick([
    'GET / HTTP/1.1',
    `GET /nginx/${routes.shop} HTTP/1.1`,
    `GET /nginx/${routes.shop} HTTP/1.0`,
    `GET /nginx/${routes.shop} HTTP/9.9`,
    `GET /nginx/${routes.shop}`,
    `POST /nginx/${routes.api} HTTP/1.1`,
    `FOO /nginx/${routes.shop} HTTP/1.1`,
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    'CONNECT x:1 HTTP/1.1',
    'GET /nginx/%zz HTTP/1.1',
    'GET http://x/nginx/y HTTP/1.1',
    'OPTIONS * HTTP/1.1',
    'POST /_cognito-gate/sign-out HTTP/1.1',
    'GET /oauth2/callback HTTP/1.1',
    `GET ${path(dice)} HTTP/1.1`,
    '\u0016\u0003\u0001\u0002\u0000\u0001\u0000',
    noise(dice, 200),
    '',
  ]);
}

/** Header blocks that no client sends, cut anywhere, on connections of their own. */
export function rawInput(dice: Dice, genuine: Genuine): Input {
  const list = dice.many(7, () => (dice.chance(70) ? dice.pick(fields) : header(dice).join(': ')));
  if (dice.chance(4)) list.push(`X: ${'y'.repeat(dice.int(300_000))}`);
  if (dice.chance(3)) list.push(...Array.from({ length: dice.int(3000) }, (_, at) => `H${at}: v`));
  const end = dice.pick(['\r\n', '\r\n', '\r\n', '\n', '\r', '\r\n\r\n']);
  let text = [line(dice, genuine), ...list, '', dice.pick(['', '{}', 'a=b', '5\r\nhello\r\n0\r\n\r\n', 'zz\r\n'])].join(
    end,
  );
  if (dice.chance(15)) text = text.slice(0, dice.int(text.length));
  const port = dice.chance(60) ? 'decisions' : 'signIn';
  const bytes = Buffer.from(text, 'latin1');
  const mayPass = text.includes('/healthz') ? 'public' : 'no';
  return { kind: 'raw', port, bytes, raw: true, head: false, host: '', path: '', mayPass };
}
