/**
 * T17.1: a ConfigMap of ingress-nginx with `custom-http-errors: 401,403`. Its older versions intercept the answer to the
 * question too (CVE-2026-24513), and a default backend that ignores X-Code makes an allowed request of a refusal.
 */
import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { startChild } from '../support/child.ts';
import type { Child } from '../support/child.ts';
import { probeApp } from '../../src/http/probe-app.ts';
import { nginxConfig } from '../support/nginx-config.ts';
import { createAuthority } from '../support/certificates.ts';
import { freePort, waitForPort } from '../support/ports.ts';
import { ask } from '../support/request.ts';
import { stackHosts, startStack } from '../support/stack.ts';
import type { Stack } from '../support/stack.ts';
import { scripted } from '../support/steps.ts';

/** Of a default backend that answers everything with 200. */
const page = `
    location @errors { return 200 "sorry"; }`;
/** Of the whole server, as the ConfigMap makes it. */
const intercepted = 'proxy_intercept_errors on;\n    error_page 401 403 = @errors;';

interface Proxy {
  readonly port: number;
  readonly ca: string;
  readonly child: Child;
}

suite('custom-http-errors with 401 and 403', () => {
  let stack: Stack;
  const started: Child[] = [];

  /** A further NGINX before the same program and apps, its configuration changed. */
  async function startChanged(name: string, change: (text: string) => string): Promise<Proxy> {
    const folder = join(stack.folder, name);
    await mkdir(join(folder, 'temporary'), { recursive: true });
    const authority = await createAuthority(join(folder, 'certificates'));
    const tls = await authority.issue('all', Object.values(stackHosts));
    const port = await freePort();
    const text = nginxConfig({
      folder,
      port,
      tls,
      decisions: new URL(stack.decisions).host,
      signIn: `127.0.0.1:${stack.signInPort}`,
      signInHost: stackHosts.signIn,
      prefix: '/_cognito-gate',
      routes: [{ host: stackHosts.shop, routeId: stack.routes.shop, upstreamPort: stack.shop.port }],
    });
    const file = join(folder, 'nginx.conf');
    await writeFile(file, change(text));
    const args = ['-p', folder, '-c', file, '-e', join(folder, 'error.log'), '-g', 'daemon off;'];
    const env = { PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/usr/local/sbin` };
    const child = startChild({ name, command: 'nginx', args, env, logFile: join(folder, 'output.log') });
    started.push(child);
    await waitForPort(port, () => child.how());
    return { port, ca: authority.cert, child };
  }

  const inServers = (text: string): string =>
    text.replaceAll(/server_name shop\.acme\.localhost;/g, (name) => `${name}\n    ${intercepted}${page}`);

  /** What the stranger is answered, and whether the app was asked. */
  async function stranger(proxy: Proxy, path: string): Promise<{ status: number; reached: boolean }> {
    const seen = stack.shop.requests;
    const ca = await readFile(proxy.ca, 'utf8');
    const { status } = await ask(`https://${stackHosts.shop}:${proxy.port}${path}`, { headers: scripted, ca });
    return { status, reached: stack.shop.requests !== seen };
  }

  /** What the leader would be answered. */
  const probed = async (port: number): Promise<string> =>
    await probeApp({ proxy: `127.0.0.1:${port}`, host: stackHosts.shop, port, path: '/admin' });

  before(async () => {
    stack = await startStack();
  });
  after(async () => {
    await Promise.all(started.map((child) => child.stop()));
    await stack?.stop();
  });

  test('T17.1 ingress-nginx 1.13.7 and 1.14.3 on: whatever page comes, the app is never asked', async () => {
    const proxy = await startChanged('fixed', inServers);
    assert.deepEqual(await stranger(proxy, '/healthz'), { status: 200, reached: true });
    for (const path of ['/', '/admin', '/admin/secret?x=1']) {
      assert.equal((await stranger(proxy, path)).reached, false, path);
    }
  });

  test('T17.1 before: the hole is there, which is why the setting is asked for, and told on an Ingress', async () => {
    const older = (text: string): string =>
      inServers(text).replaceAll('proxy_intercept_errors off;', 'proxy_intercept_errors on;');
    const proxy = await startChanged('older', older);
    assert.deepEqual(await stranger(proxy, '/admin'), { status: 200, reached: true });
    assert.equal(await probed(proxy.port), 'open');
    const obeys = (text: string): string => older(text).replace('return 200 "sorry"', 'return 403 "sorry"');
    const careful = await startChanged('careful', obeys);
    assert.equal((await stranger(careful, '/admin')).reached, false, 'a default backend that heeds X-Code');
  });

  test('P20 T17.1 the probe sees a closed app closed, an open one open, and is in doubt where nothing answers', async () => {
    assert.equal(await probed(stack.port), 'closed');
    const bare = await startChanged('bare', (text) => text.replaceAll(/auth_request [^;]+;/g, ''));
    assert.equal(await probed(bare.port), 'open');
    assert.equal(await probed(await freePort()), 'unclear');
  });
});
