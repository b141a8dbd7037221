import assert from 'node:assert/strict';
import { validateHeaderValue } from 'node:http';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Identity } from '../../src/model/identity.ts';
import type { Request } from '../../src/model/request.ts';
import { refusalReasons, type RefusalReason, type Verdict } from '../../src/model/verdict.ts';
import {
  decodeHeaderValue,
  encodeHeaderValue,
  identityHeaders,
  writeVerdict,
  type PlaneAnswer,
} from '../../src/planes/nginx.ts';
import type { AnsweredRoute } from '../../src/planes/nginx-answer.ts';
import { person, request } from '../decide/samples.ts';

const route = { signIn: true, namedGroups: new Set<string>() };
const bare = { signIn: false, namedGroups: new Set<string>() };
const always = { 'Content-Length': '0', 'Cache-Control': 'no-store' };

function refuse(reason: RefusalReason): Verdict {
  return { kind: 'refuse', reason, rule: undefined, missing: [], identity: undefined };
}

function allow(identity: Identity | undefined): Verdict {
  return { kind: 'allow', reason: 'allowed', rule: 'r', identity };
}

function statuses(reason: RefusalReason, signIn = true): Record<string, number> {
  const kinds: readonly Request['navigation'][] = ['document', 'form', 'none'];
  return Object.fromEntries(
    kinds.map((navigation) => {
      const answer = writeVerdict(refuse(reason), request({ navigation }), { ...route, signIn });
      return [navigation, answer.status];
    }),
  );
}

const reasons = Object.keys(refusalReasons) as readonly RefusalReason[];
const lacking: ReadonlySet<string> = new Set(['no_session', 'session_ended', 'session_stale']);

for (const reason of reasons) {
  const about = refusalReasons[reason].about;
  test(`N2, N33: ${reason} (about the ${about}) sends ${about === 'person' ? 'a document' : 'nobody'} to start`, () => {
    assert.deepEqual(statuses(reason), {
      document: about === 'person' ? 401 : 403,
      form: lacking.has(reason) ? 401 : 403,
      none: 403,
    });
    assert.equal(writeVerdict(refuse(reason), undefined, route).status, 403);
  });
}

test('N31: a form is not sent away from a session that can be used', () => {
  const form = request({ method: 'POST', navigation: 'form' });
  assert.equal(writeVerdict(refuse('no_session'), form, { ...route, sessionUsable: true }).status, 403);
  assert.equal(writeVerdict(refuse('no_session'), form, { ...route, sessionUsable: false }).status, 401);
});

test('without a sign-in in the wiring a missing session is a plain 401 with a scheme', () => {
  assert.deepEqual(statuses('no_session', false), { document: 401, form: 401, none: 401 });
  assert.deepEqual(statuses('not_allowed', false), { document: 403, form: 403, none: 403 });
  assert.deepEqual(statuses('path_ambiguous', false), { document: 403, form: 403, none: 403 });
  assert.ok(writeVerdict(refuse('no_session'), request(), bare).headers['WWW-Authenticate']);
});

test('N1: a refusal and a public answer carry nothing but what every answer carries', () => {
  assert.deepEqual(writeVerdict(refuse('no_rule'), request(), route), { status: 403, headers: always });
  assert.deepEqual(writeVerdict(allow(undefined), request(), route), { status: 200, headers: always });
});

test('N20: every identity header is there, blank where nothing is known', () => {
  const who = person({ in: ['admins', 'a,b c%'], preferredUsername: undefined });
  assert.deepEqual(writeVerdict(allow(who), request(), route), {
    status: 200,
    headers: {
      ...always,
      'X-Auth-Request-User': 'ada',
      'X-Auth-Request-Email': 'ada@example.com',
      'X-Auth-Request-Groups': 'admins,a%2Cb%20c%25',
      'X-Auth-Request-Preferred-Username': '',
      'X-Auth-Request-Groups-Partial': 'false',
    },
  });
});

test('L24: an address that nobody vouches for is not passed on', () => {
  const { headers } = writeVerdict(allow(person({ emailTrusted: false })), request(), route);
  assert.equal(headers['X-Auth-Request-Email'], '');
});

function size(answer: PlaneAnswer): number {
  return Object.entries(answer.headers).reduce((sum, [name, value]) => sum + name.length + value.length + 4, 0);
}

test('N7: groups that do not fit are those that the policy names, and that is told', () => {
  const names = Array.from({ length: 300 }, (_, at) => `department-of-things-${String(at).padStart(4, '0')}`);
  const answer = writeVerdict(allow(person({ in: names })), request(), {
    signIn: true,
    namedGroups: new Set(['department-of-things-0007', 'department-of-things-0299', 'other']),
  });
  assert.equal(answer.headers['X-Auth-Request-Groups'], 'department-of-things-0007,department-of-things-0299');
  assert.equal(answer.headers['X-Auth-Request-Groups-Partial'], 'true');
  const all = writeVerdict(allow(person({ in: names })), request(), { signIn: true, namedGroups: new Set(names) });
  assert.ok(size(all) < 3_500, String(size(all)));
});

test('S22: groups that were trimmed at sign-in are told to be partial', () => {
  const groups = { names: new Set(['a']), judged: new Set(['a']) };
  const { headers } = writeVerdict(allow(person({ groups })), request(), route);
  assert.equal(headers['X-Auth-Request-Groups-Partial'], 'true');
});

test('N7: whatever the identity, all headers stay below 3,500 bytes and are valid', () => {
  const text = fc.string({ unit: 'binary', maxLength: 2_500 });
  const many = fc.array(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 128 }), { maxLength: 60 });
  fc.assert(
    fc.property(text, text, text, many, (username, email, preferredUsername, names) => {
      const who = person({ username, email, preferredUsername, in: names });
      const answer = writeVerdict(allow(who), request(), { signIn: true, namedGroups: new Set(names) });
      assert.ok(size(answer) < 3_400, String(size(answer)));
      for (const name of identityHeaders) validateHeaderValue(name, answer.headers[name] ?? 'missing\n');
    }),
    { numRuns: 200 },
  );
});

test('every text comes through the header encoding unchanged, and what is sent is a plain ASCII value', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const sent = encodeHeaderValue(text);
      assert.match(sent, /^[A-Za-z0-9\-._~@:/+=!*'()&$%]*$/);
      assert.equal(decodeHeaderValue(sent), text.toWellFormed());
      assert.equal(decodeURIComponent(sent), text.toWellFormed());
    }),
    { numRuns: 1_000 },
  );
});

test('a list of groups can be taken apart again', () => {
  const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(fc.uniqueArray(name, { minLength: 1, maxLength: 10 }), (names) => {
      const { headers } = writeVerdict(allow(person({ in: names })), request(), route);
      assert.deepEqual(headers['X-Auth-Request-Groups']?.split(',').map(decodeHeaderValue), names);
    }),
  );
});

test('ordinary names and addresses are sent as they are', () => {
  for (const text of ['ada', 'ada+x@example.com', 'Entra_ada@corp.example', 'team:ops/eu', "o'neil"]) {
    assert.equal(encodeHeaderValue(text), text);
  }
  assert.equal(encodeHeaderValue('Zoë, ops\r\n%'), 'Zo%C3%AB%2C%20ops%0D%0A%25');
  assert.equal(decodeHeaderValue('100%'), '100%');
});

test('B10: nothing that comes with a bearer of ours is ever sent to sign in', () => {
  for (const reason of reasons) {
    for (const navigation of ['document', 'form', 'none'] as const) {
      const answer = writeVerdict(refuse(reason), request({ navigation }), { ...route, bearer: true });
      assert.deepEqual([answer.status, answer.headers], [403, always], `${reason} ${navigation}`);
    }
  }
});

test('where nobody can sign in a bearer gets the challenges of RFC 6750, and the reason is told in our log alone', () => {
  const challenge = (reason: RefusalReason, bearer = true): string => {
    const { status, headers } = writeVerdict(refuse(reason), request(), { ...bare, bearer });
    return `${status} ${headers['WWW-Authenticate'] ?? '-'}`;
  };
  const invalid = '401 Bearer error="invalid_token"';
  for (const reason of ['malformed', 'invalid', 'expired', 'id_token', 'client', 'revoked'] as const) {
    assert.equal(challenge(`bearer_${reason}`), invalid);
  }
  assert.equal(challenge('bearer_unverifiable'), '403 -', 'the token may be good');
  for (const reason of ['not_allowed', 'denied', 'groups_unknown'] as const) {
    assert.equal(challenge(reason), '403 Bearer error="insufficient_scope"');
  }
  for (const reason of ['no_rule', 'path_ambiguous', 'foreign_origin', 'internal_error'] as const) {
    assert.equal(challenge(reason), '403 -');
  }
  assert.equal(challenge('no_session', false), '401 Bearer');
  assert.equal(challenge('not_allowed', false), '403 -');
});

test('a machine is its client: the other identity headers are there and blank, whatever the client sends', () => {
  const machine = { kind: 'machine', pool: 'p', client: '7abcexample', scopes: new Set(['a/b']), authTime: 0 } as const;
  const { headers } = writeVerdict(
    { kind: 'allow', reason: 'allowed', rule: 'r', identity: machine },
    request(),
    route,
  );
  assert.deepEqual(
    identityHeaders.map((name) => headers[name]),
    ['7abcexample', '', '', '', 'false'],
  );
});

test('a person whose name is the id of a machine’s client is not told to the app by that name', () => {
  const machines = new Set(['7abcexample']);
  const named = person({ username: '7abcexample', preferredUsername: '7abcexample' });
  const headersOn = (on: AnsweredRoute): Readonly<Record<string, string>> =>
    writeVerdict(allow(named), request(), on).headers;
  const both = (headers: Readonly<Record<string, string>>): readonly (string | undefined)[] => [
    headers['X-Auth-Request-User'],
    headers['X-Auth-Request-Preferred-Username'],
  ];
  assert.deepEqual(both(headersOn({ ...route, machines })), ['', '']);
  assert.deepEqual(both(headersOn(route)), ['7abcexample', '7abcexample'], 'no machine passes there');
  assert.deepEqual(both(headersOn({ ...route, machines: new Set(['other']) })), ['7abcexample', '7abcexample']);
});
