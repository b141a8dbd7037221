import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { IncomingMessage, Server } from 'node:http';
import { join } from 'node:path';
import { after, before, beforeEach, suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { wiring } from '../../src/planes/nginx-wiring.ts';
import { startApp } from './app.ts';
import type { App } from './app.ts';
import { createAuthority } from './certificates.ts';
import { startCluster } from './cluster/cluster.ts';
import type { Cluster } from './cluster/cluster.ts';
import { ingress, ingressClass, listOf, localService } from './cluster/objects.ts';
import type { TestObject } from './cluster/objects.ts';
import { startNginxIngress } from './nginx-ingress.ts';
import type { NginxIngress } from './nginx-ingress.ts';
import { freePort, listenOn } from './ports.ts';
import { ask, webSocketHeaders } from './request.ts';
import type { Answer, AskInput } from './request.ts';
import { startTraefik } from './traefik.ts';
import type { Traefik } from './traefik.ts';

const routeId = '0123456789abcdef0123456789abcdef';

let cluster: Cluster;
let ca: string;
let app: App;
let other: App;
let gate: Server;
let nginx: NginxIngress;
let traefik: Traefik;
let asked: IncomingMessage[] = [];
let verdict: { status: number; headers: Record<string, string> };
let annotations: Record<string, string>;
const ports = { nginx: 0, traefikHttp: 0, traefik: 0 };

before(async () => {
  cluster = await startCluster();
  const authority = await createAuthority(join(cluster.folder, 'web'));
  ca = await readFile(authority.cert, 'utf8');
  const tls = await authority.issue('web', ['*.acme.localhost']);
  app = await startApp('app');
  other = await startApp('other');
  gate = createServer((request, response) => {
    asked.push(request);
    response.writeHead(verdict.status, verdict.headers).end();
  });
  const decisionsAddress = `127.0.0.1:${await listenOn(gate, 0)}`;
  annotations = wiring(routeId, { decisionsAddress, publicPort: 443, prefix: '/_cognito-gate' });
  await apply(
    ingressClass('nginx'),
    localService('default', 'app', app.port),
    localService('default', 'other', other.port),
  );
  for (const name of ['nginx', 'traefikHttp', 'traefik'] as const) ports[name] = await freePort();
  nginx = await startNginxIngress({ cluster, folder: join(cluster.folder, 'nginx'), port: ports.nginx, tls });
  const folder = join(cluster.folder, 'traefik');
  traefik = await startTraefik({ cluster, folder, httpPort: ports.traefikHttp, httpsPort: ports.traefik, tls });
});
after(async () => {
  await nginx.stop();
  await traefik.stop();
  await cluster.stop();
  await app.close();
  await other.close();
  gate.close();
});
beforeEach(() => {
  asked = [];
  verdict = { status: 200, headers: {} };
});

async function apply(...objects: readonly TestObject[]): Promise<void> {
  await cluster.kubectl('apply', '-f', '-', { input: listOf(...objects) });
}

async function get(plane: 'nginx' | 'traefik', host: string, target: string, input: AskInput = {}): Promise<Answer> {
  return await ask(`https://${host}.acme.localhost:${ports[plane]}/`, { ...input, target, ca });
}

/** The answer once its status is this one: Traefik doesn't say when it has taken something over. */
/** Four times in a row: while NGINX is reloaded, a worker that is being replaced may answer between two new ones. */
async function eventually(status: number, question: () => Promise<Answer>): Promise<Answer> {
  let answer = await question();
  for (let tries = 0, right = 0; right < 3 && tries < 200; tries += 1) {
    await sleep(50);
    right = answer.status === status ? right + 1 : 0;
    answer = await question();
  }
  assert.equal(answer.status, status);
  return answer;
}

const one = (name: string, more: Partial<Parameters<typeof ingress>[0]> = {}): TestObject =>
  ingress({
    namespace: 'default',
    name,
    host: `${name}.acme.localhost`,
    paths: [{ path: '/', pathType: 'Prefix', service: 'app', port: app.port }],
    ...more,
  });

for (const plane of ['nginx', 'traefik'] as const) {
  suite(`${plane} on a real API server`, () => {
    test('serves an app behind an ExternalName, and no longer when the Ingress is gone', async () => {
      const host = `plain-${plane}`;
      assert.equal((await get(plane, host, '/')).status, 404);
      await apply(one(host));
      const answer = await eventually(200, async () => await get(plane, host, '/a?b=c'));
      assert.equal(app.last?.path, '/a?b=c');
      assert.equal(answer.headers['content-type'], 'application/json; charset=utf-8');
      assert.equal((await get(plane, host, '/', { headers: webSocketHeaders })).status, 101);
      assert.equal(asked.length, 0);
      await cluster.kubectl('delete', 'ingress', host);
      await eventually(404, async () => await get(plane, host, '/'));
    });

    test('asks where the wiring says, takes the identity headers, leads a 401 to start', async () => {
      const host = `wired-${plane}`;
      await apply(one(host, { annotations }));
      verdict = { status: 200, headers: { 'X-Auth-Request-User': 'ada' } };
      const headers = { 'x-auth-request-user': 'eve', 'x-auth-request-groups': 'admins' };
      await eventually(200, async () => await get(plane, host, '/a', { headers, method: 'POST' }));
      assert.equal(app.last?.headers['x-auth-request-user'], 'ada');
      assert.equal(app.last.headers['x-auth-request-groups'], undefined);
      assert.equal(asked[0]?.url, `/nginx/${routeId}`);
      assert.equal(asked[0].method, 'GET');
      const family = plane === 'nginx' ? 'x-original-method' : 'x-forwarded-method';
      assert.equal(asked[0].headers[family], 'POST');
      verdict = { status: 401, headers: {} };
      const away = await get(plane, host, '/a?b=c');
      assert.equal(away.status, 302);
      const start = `https://${host}.acme.localhost/_cognito-gate/start/${routeId}`;
      assert.equal(away.headers.location, `${start}?rd=%2Fa%3Fb%3Dc`);
      verdict = { status: 403, headers: {} };
      const before = app.requests;
      assert.equal((await get(plane, host, '/')).status, 403);
      assert.equal(app.requests, before);
    });
  });
}

suite('the NGINX program', () => {
  const path = (text: string, pathType: 'Exact' | 'Prefix' | 'ImplementationSpecific', to: 'app' | 'other') => {
    return { path: text, pathType, service: to, port: to === 'app' ? app.port : other.port };
  };
  const reached = async (host: string, target: string): Promise<string> => {
    const { status, body } = await get('nginx', host, target);
    return status === 200 ? String(/"app": "(\w+)"/.exec(body)?.[1]) : String(status);
  };
  const table = async (host: string, targets: readonly string[]): Promise<Record<string, string>> => {
    const rows: Record<string, string> = {};
    for (const target of targets) rows[target] = await reached(host, target);
    return rows;
  };

  test('serves what settled() waited for; a change of nothing is no new generation', async () => {
    await apply(one('settled'));
    await nginx.settled();
    assert.equal(await reached('settled', '/'), 'app');
    const generation = nginx.generation();
    await cluster.kubectl('annotate', 'ingress', 'settled', 'example.com/note=1');
    await nginx.waitFor(({ ingresses }) =>
      ingresses.some(({ metadata }) => metadata.annotations?.['example.com/note'] === '1'),
    );
    assert.equal(nginx.generation(), generation);
  });

  test('Exact goes before Prefix, the longer before the shorter, and Prefix ends at a segment', async () => {
    const paths = [path('/', 'Prefix', 'app'), path('/api', 'Prefix', 'other'), path('/api/x', 'Exact', 'app')];
    await apply(
      one('paths', { paths }),
      one('more-paths', { host: 'paths.acme.localhost', paths: [path('/api/y', 'Prefix', 'app')] }),
    );
    await nginx.settled();
    const targets = ['/', '/api', '/api/', '/apix', '/api/x', '/api/x/', '/api/y/1', '/API'];
    assert.deepEqual(await table('paths', targets), {
      '/': 'app',
      '/api': 'other',
      '/api/': 'other',
      '/apix': 'app',
      '/api/x': 'app',
      '/api/x/': 'other',
      '/api/y/1': 'app',
      '/API': 'app',
    });
  });

  test('one Ingress with use-regex turns every path of its host into a case-insensitive expression', async () => {
    const regex = { 'nginx.ingress.kubernetes.io/use-regex': 'true' };
    await apply(
      one('regex', { paths: [path('/api', 'Exact', 'other')] }),
      one('regex-2', {
        host: 'regex.acme.localhost',
        annotations: regex,
        paths: [path('/a.+z', 'ImplementationSpecific', 'app')],
      }),
    );
    await nginx.settled();
    assert.deepEqual(await table('regex', ['/api', '/API/deeper', '/a--z', '/other']), {
      '/api': 'other',
      '/API/deeper': 'other',
      '/a--z': 'app',
      '/other': '404',
    });
  });

  test('a companion without auth serves the prefix of a host whose every other path asks', async () => {
    const sixteen = { 'nginx.ingress.kubernetes.io/proxy-buffer-size': '16k' };
    const paths = [path('/_cognito-gate', 'Prefix', 'other')];
    await apply(
      one('guarded', { annotations }),
      one('companion', { host: 'guarded.acme.localhost', annotations: sixteen, paths }),
    );
    await nginx.settled();
    verdict = { status: 403, headers: {} };
    assert.deepEqual(await table('guarded', ['/', '/_cognito-gate', '/_cognito-gate/start', '/_cognito-gatex']), {
      '/': '403',
      '/_cognito-gate': 'other',
      '/_cognito-gate/start': 'other',
      '/_cognito-gatex': '403',
    });
  });

  test('where two Ingresses want one path, the older keeps it', async () => {
    await apply(one('older'));
    await sleep(1100);
    await apply(one('a-newer', { host: 'older.acme.localhost', paths: [path('/', 'Prefix', 'other')] }));
    await nginx.settled();
    assert.equal(await reached('older', '/'), 'app');
    await cluster.kubectl('delete', 'ingress', 'older');
    await nginx.settled();
    assert.equal(await reached('older', '/'), 'other');
  });

  test('wrong values do what they do with ingress-nginx: refuse, deny, or open', async () => {
    const prefix = 'nginx.ingress.kubernetes.io/';
    await apply(
      one('snippet', { annotations: { ...annotations, [`${prefix}auth-snippet`]: 'return 200;' } }),
      one('denied', { annotations: { ...annotations, [`${prefix}auth-method`]: 'FETCH' } }),
      one('open', { annotations: { ...annotations, [`${prefix}auth-always-set-cookie`]: 'yes' } }),
      one('nowhere', { paths: [{ path: '/', pathType: 'Prefix', service: 'missing', port: 80 }] }),
      one('foreign', { className: 'traefik' }),
    );
    await nginx.settled();
    verdict = { status: 403, headers: {} };
    assert.equal(await reached('snippet', '/'), '404');
    assert.deepEqual(
      nginx.refused().map(({ name }) => name),
      ['snippet'],
    );
    assert.equal(await reached('denied', '/'), '503');
    assert.equal(await reached('open', '/'), 'app');
    assert.equal(await reached('nowhere', '/'), '503');
    assert.equal(await reached('foreign', '/'), '404');
  });

  test('what NGINX does not take leaves everything as it was until it goes', async () => {
    const annotation = { 'nginx.ingress.kubernetes.io/auth-signin': 'https://$nobody/start' };
    await apply(one('broken', { annotations: { ...annotations, ...annotation } }), one('behind'));
    await assert.rejects(nginx.settled(1000), /behind the API server.*nobody/);
    assert.equal(await reached('behind', '/'), '404');
    assert.equal(await reached('settled', '/'), 'app');
    await cluster.kubectl('delete', 'ingress', 'broken');
    await nginx.settled();
    assert.equal(await reached('behind', '/'), 'app');
  });

  test('no request fails while configurations are replaced, and it serves on without the API server', async () => {
    const failures: string[] = [];
    const done = { yes: false };
    const requests = (async () => {
      while (!done.yes) {
        const answer = await reached('settled', '/').catch((error: unknown) => String(error));
        if (answer !== 'app') failures.push(answer);
      }
    })();
    for (let nth = 0; nth < 5; nth += 1) {
      await apply(one(`burst-${nth}`));
      await nginx.settled();
    }
    await cluster.stopApi();
    assert.equal(await reached('burst-4', '/'), 'app');
    await cluster.startApi();
    await apply(one('afterwards'));
    await nginx.settled();
    assert.equal(await reached('afterwards', '/'), 'app');
    done.yes = true;
    await requests;
    assert.deepEqual(failures, []);
  });
});
