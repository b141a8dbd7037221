import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Request } from '../../src/model/request.ts';
import { identityHeaders, readRequest, type RawHeaders } from '../../src/planes/nginx.ts';
import { document, nginxHeaders, traefikHeaders } from './headers.ts';

function read(headers: RawHeaders): Request {
  const result = readRequest(headers);
  assert.ok(result.kind === 'request', JSON.stringify(result));
  return result.request;
}

function refusal(headers: RawHeaders): string {
  const result = readRequest(headers);
  return result.kind === 'refuse' ? result.reason : `read ${result.request.method} ${result.request.path}`;
}

test('the request is what ingress-nginx says it is, byte for byte', () => {
  assert.deepEqual(read(nginxHeaders('/a%2Fb/../c?x=1&y=/?z', 'POST', 'Cookie', 'a=b', 'Origin', 'https://x.test')), {
    method: 'POST',
    path: '/a%2Fb/../c',
    query: 'x=1&y=/?z',
    clientAddress: '203.0.113.7',
    cookie: 'a=b',
    authorization: undefined,
    authorizationTwice: false,
    navigation: 'none',
    webSocket: false,
    origin: 'https://x.test',
    preflight: false,
  });
});

test("the request is what Traefik's provider says it is", () => {
  const request = read(traefikHeaders('/c?x=1', 'DELETE'));
  assert.deepEqual([request.method, request.path, request.query], ['DELETE', '/c', 'x=1']);
});

test('both families may be there when they say the same', () => {
  const both = [...nginxHeaders('/c?x=1'), ...traefikHeaders('/c?x=1').slice(0, 4)];
  assert.equal(read(both).path, '/c');
});

const disagreeing: readonly (readonly [string, RawHeaders])[] = [
  ['path', traefikHeaders('/d?x=1')],
  ['query', traefikHeaders('/c?x=2')],
  ['method', traefikHeaders('/c?x=1', 'get')],
  ['spelling', traefikHeaders('/%63?x=1')],
];

for (const [what, other] of disagreeing) {
  test(`T12.11: families that differ in ${what} are refused`, () => {
    assert.equal(refusal([...nginxHeaders('/c?x=1'), ...other.slice(0, 4)]), 'witnesses_disagree');
  });
}

const client: readonly (readonly [string, ...string[]])[] = [
  ['T1.1', 'X-Forwarded-Uri', '/public'],
  ['T1.3', 'X-Forwarded-Method', 'OPTIONS'],
  ['T12.11', 'X-Forwarded-Uri', '/public', 'X-Forwarded-Method', 'GET'],
];

for (const [id, ...headers] of client) {
  test(`${id}: ${headers.join(' ')} of a client through ingress-nginx is refused`, () => {
    assert.match(refusal(nginxHeaders('/admin', 'GET', ...headers)), /^witness/);
  });
}

test('T1.2, T1.4, T1.5, T1.6, T1.7, T6.1: no other header has a say in what was asked for', () => {
  const others = ['X-Forwarded-Host', 'X-Forwarded-Prefix', 'X-Original-URI', 'X-Rewrite-URL', 'X-EAS-Request-Uri'];
  const more = ['X_Original_URL', 'X_Forwarded_Uri', 'X-HTTP-Method-Override', 'X-Auth-Request-Redirect'];
  const headers = [...others, ...more].flatMap((name) => [name, '/public']);
  assert.deepEqual(read(nginxHeaders('/admin', 'GET', ...headers)), read(nginxHeaders('/admin')));
});

test('T2.1, T2.2, T2.3: no User-Agent has a say either', () => {
  for (const agent of ['GoogleHC/1.0', 'kube-probe/1.37', 'ELB-HealthChecker/2.0', 'Envoy/HC', 'Consul Health Check']) {
    assert.deepEqual(read(nginxHeaders('/admin', 'GET', 'User-Agent', agent)), read(nginxHeaders('/admin')));
  }
});

test('T1.9: through Traefik a client’s X-Original-URL opens nothing', () => {
  const url = ['X-Original-URL', 'https://evil.test/public'];
  assert.equal(refusal(traefikHeaders('/admin', 'GET', ...url)), 'witness_missing');
  assert.equal(refusal(traefikHeaders('/admin', 'GET', ...url, 'X-Original-Method', 'GET')), 'witnesses_disagree');
});

test('T12.5, T15.1: without a whole family nothing is decided', () => {
  assert.equal(refusal([]), 'witness_missing');
  assert.equal(refusal(['X-Original-URL', 'https://a.test/']), 'witness_missing');
  assert.equal(refusal(['X-Original-Method', 'GET']), 'witness_missing');
  assert.equal(refusal(['X-Original-URL', 'https://a.test/', 'X-Forwarded-Method', 'GET']), 'witness_missing');
  assert.equal(refusal(['X-Forwarded-Uri', '/', 'X-Original-Method', 'GET']), 'witness_missing');
});

test('T12.6: a header of the proxy that came twice is refused', () => {
  for (const name of ['x-original-url', 'X-ORIGINAL-METHOD', 'X-Real-IP']) {
    assert.equal(refusal(nginxHeaders('/a', 'GET', name, 'GET')), 'witness_malformed', name);
  }
  for (const name of ['X-Forwarded-Uri', 'X-Forwarded-Method']) {
    assert.equal(refusal(traefikHeaders('/a', 'GET', name, '/a')), 'witness_malformed', name);
  }
});

const urls: readonly (readonly [string, string])[] = [
  ['T12.4', ''],
  ['T12.7', 'https://shop.example.com:443\\healthz?/admin/secret'],
  ['T12.8', 'https://shop.example.com:443#/admin/secret'],
  ['T12.9', 'http:///admin/static/x'],
  ['T12.10', 'http://shop.example.com?a/healthz'],
  ['T12', 'https://shop.example.com'],
  ['T12', 'https://a:80@evil.test/admin'],
  ['T12', 'https://a b/admin'],
  ['T12', 'https://a:123456/admin'],
  ['T12', 'ftp://a/admin'],
  ['T12', '/admin'],
  ['T12', ' https://a/admin'],
  ['T13.4', 'https://sh\u00c3\u00b6p.example/admin'],
];

for (const [id, url] of urls) {
  test(`${id}: X-Original-URL ${JSON.stringify(url)} is malformed`, () => {
    assert.equal(refusal(['X-Original-URL', url, 'X-Original-Method', 'GET']), 'witness_malformed');
  });
}

test('T13: how the host is spelled changes nothing', () => {
  for (const host of ['SHOP.example.com', 'shop.example.com.', 'shop.example.com:8443', '[::1]:80', 'evil.test']) {
    assert.equal(refusal(['X-Original-URL', `http://${host}/a`, 'X-Original-Method', 'GET']), 'read GET /a', host);
  }
});

test('a method that is no token, or a URI that is no path, is malformed', () => {
  assert.equal(refusal(nginxHeaders('/', 'G T')), 'witness_malformed');
  assert.equal(refusal(nginxHeaders('/', '')), 'witness_malformed');
  assert.equal(refusal(nginxHeaders('/', 'GET,POST')), 'witness_malformed');
  assert.equal(refusal(traefikHeaders('https://a.test/')), 'witness_malformed');
  assert.equal(refusal(traefikHeaders('')), 'witness_malformed');
  assert.equal(refusal(nginxHeaders('/', 'foo')), 'read foo /');
});

test('T6.2, T6.4, N16: an identity header in another spelling is refused, in its own it is not', () => {
  const aliases = ['X_Auth_Request_User', 'X.Auth.Request.User', 'X~Auth~Request~User', 'x-Auth_Request.User'];
  const more = ['X-Auth-Request_Groups', 'x_auth_request_email', 'X-Auth-Request-Groups.Partial'];
  for (const name of [...aliases, ...more, 'X-Auth-Request-Preferred|Username']) {
    assert.equal(refusal(nginxHeaders('/', 'GET', name, 'mallory')), 'header_alias', name);
  }
  for (const name of identityHeaders) {
    assert.equal(refusal(nginxHeaders('/', 'GET', name, 'mallory')), 'read GET /', name);
  }
  assert.equal(refusal(nginxHeaders('/', 'GET', 'X_Auth_Request_Users', 'x')), 'read GET /');
});

const navigations: readonly (readonly [string, string, readonly string[], Request['navigation']])[] = [
  ['N2: a document', 'GET', document, 'document'],
  ['N2: a document by HEAD', 'HEAD', document, 'document'],
  ['N2: an old browser', 'GET', ['Accept', 'text/html,application/xhtml+xml;q=0.9'], 'document'],
  ['N14: fetch', 'GET', ['Sec-Fetch-Mode', 'cors', 'Sec-Fetch-Dest', 'empty', 'Accept', 'text/html'], 'none'],
  ['N14: an API client', 'GET', ['Accept', 'application/json'], 'none'],
  ['N14: curl', 'GET', ['Accept', '*/*'], 'none'],
  ['N14: a name that only looks like HTML', 'GET', ['Accept', 'text/html5, x/text/html'], 'none'],
  ['N15: gRPC', 'POST', ['Content-Type', 'application/grpc', 'TE', 'trailers'], 'none'],
  ['N30: prefetch', 'GET', [...document, 'Sec-Purpose', 'prefetch'], 'none'],
  ['N30: prerender', 'GET', [...document, 'Sec-Purpose', 'prefetch;prerender'], 'none'],
  ['N30: a frame', 'GET', ['Sec-Fetch-Mode', 'navigate', 'Sec-Fetch-Dest', 'iframe', 'Accept', 'text/html'], 'none'],
  ['N30: half of the metadata', 'GET', ['Sec-Fetch-Mode', 'navigate', 'Accept', 'text/html'], 'none'],
  ['twice the metadata', 'GET', [...document, 'Sec-Fetch-Dest', 'document'], 'none'],
  ['N31: a form', 'POST', ['Sec-Fetch-Mode', 'navigate', 'Sec-Fetch-Site', 'same-origin'], 'form'],
  ['N31: a form of a sibling', 'POST', ['Sec-Fetch-Mode', 'navigate', 'Sec-Fetch-Site', 'same-site'], 'form'],
  ['N31: a form of a stranger', 'POST', ['Sec-Fetch-Mode', 'navigate', 'Sec-Fetch-Site', 'cross-site'], 'none'],
  ['N31: a script', 'POST', ['Sec-Fetch-Mode', 'cors', 'Sec-Fetch-Site', 'same-origin'], 'none'],
  ['another method', 'DELETE', document, 'none'],
];

for (const [what, method, headers, expected] of navigations) {
  test(`${what} (${method}) is navigation "${expected}"`, () => {
    assert.equal(read(nginxHeaders('/', method, ...headers)).navigation, expected);
  });
}

test('N15: a WebSocket handshake is known without Upgrade, which NGINX drops', () => {
  for (const headers of [
    ['Sec-WebSocket-Key', 'x'],
    ['Sec-WebSocket-Version', '13'],
    ['Upgrade', 'websocket'],
    ['Upgrade', 'h2c, WebSocket'],
  ]) {
    const request = read(nginxHeaders('/', 'GET', ...headers, ...document));
    assert.deepEqual([request.webSocket, request.navigation], [true, 'none']);
  }
  assert.equal(read(nginxHeaders('/', 'GET', 'Upgrade', 'h2c')).webSocket, false);
});

test('N5, N6: a preflight has Origin and Access-Control-Request-Method', () => {
  const origin = ['Origin', 'https://a.test'];
  const asked = ['Access-Control-Request-Method', 'PUT'];
  assert.equal(read(nginxHeaders('/', 'OPTIONS', ...origin, ...asked)).preflight, true);
  assert.equal(read(nginxHeaders('/', 'OPTIONS', ...origin)).preflight, false);
  assert.equal(read(nginxHeaders('/', 'OPTIONS', ...asked)).preflight, false);
  assert.equal(read(nginxHeaders('/', 'GET', ...origin, ...asked)).preflight, false);
});

test('T20.1: the address is X-Real-IP and nothing else', () => {
  assert.equal(read(nginxHeaders('/', 'GET', 'X-Forwarded-For', '192.0.2.1')).clientAddress, '203.0.113.7');
  const [url = '', target = '', method = '', name = ''] = nginxHeaders('/');
  const without = [url, target, method, name];
  assert.equal(read(without).clientAddress, undefined);
  assert.equal(read([...without, 'X-Real-IP', '1.2.3.4, 5.6.7.8']).clientAddress, undefined);
});

test('cookies that HTTP/2 split are one header; several origins are no origin', () => {
  const request = read(nginxHeaders('/', 'GET', 'Cookie', 'a=1', 'cookie', 'b=2', 'Origin', 'x', 'Origin', 'y'));
  assert.equal(request.cookie, 'a=1; b=2');
  assert.equal(request.origin, 'x, y');
});

test('N35: more than 64 KiB of headers is refused, less is read', () => {
  assert.equal(refusal(nginxHeaders('/', 'GET', 'X-Pad', 'x'.repeat(65_536))), 'headers_too_large');
  assert.equal(refusal(nginxHeaders('/', 'GET', 'Cookie', 'x'.repeat(60_000))), 'read GET /');
});

test('no header makes reading throw, and none changes the target', () => {
  const name = fc.constantFrom('X-Original-URI', 'Cookie', 'Accept', 'Origin', 'Sec-Fetch-Mode', 'X-A', 'upgrade');
  fc.assert(
    fc.property(fc.array(fc.tuple(name, fc.string())), (pairs) => {
      const request = read(nginxHeaders('/admin', 'GET', ...pairs.flat()));
      assert.deepEqual([request.method, request.path, request.query], ['GET', '/admin', '']);
    }),
  );
});

test('B13: Authorization as it came, and whether it came twice', () => {
  const of = (...headers: readonly string[]) => {
    const { authorization, authorizationTwice } = read(nginxHeaders('/', 'GET', ...headers));
    return [authorization, authorizationTwice];
  };
  assert.deepEqual(of(), [undefined, false]);
  assert.deepEqual(of('AUTHORIZATION', 'bearer a'), ['bearer a', false]);
  assert.deepEqual(of('Authorization', ''), ['', false]);
  assert.equal(of('Authorization', 'Bearer a', 'authorization', 'Bearer a')[1], true);
  assert.equal(of('Authorization', '', 'Authorization', '')[1], true);
});

test('B14: tokens in other headers are not read', () => {
  const others = ['X-Amzn-Oidc-Data', 'a.b.c', 'X-Amzn-Oidc-Identity', 'ada', 'X-Forwarded-Access-Token', 'a.b.c'];
  assert.deepEqual(read(nginxHeaders('/', 'GET', ...others)), read(nginxHeaders('/')));
});
