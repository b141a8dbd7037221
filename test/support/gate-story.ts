/** What becomes of apps, from the first annotation to open again, as people and kubectl see it; the tests of one suite, in order. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { App } from './app.ts';
import type { Front } from './front.ts';
import { gateHosts } from './gate-cluster.ts';
import type { GateCluster } from './gate-cluster.ts';
import { account } from './steps.ts';
import { until } from './until.ts';
import type { Page, Visitor } from './visitor.ts';

const policy = (name: string, spec: string): string => `
apiVersion: cognito-gate.dev/v1alpha1
kind: AccessPolicy
metadata: { name: ${name}, namespace: ${name} }
spec: ${spec}
`;
const rules =
  'rules: [{ name: health, match: { paths: [{ type: Exact, value: /healthz }] }, access: Public }, { name: admin, match: { paths: [{ type: PathPrefix, value: /admin }] }, allow: [{ groups: [admins] }] }, { name: staff, allow: [{ groups: [staff, admins] }] }]';

export interface Told {
  /** Of a stranger who navigates to `/`. */
  open(host: string): Promise<void>;
  refused(host: string): Promise<void>;
  /** Led to sign in. */
  asked(host: string): Promise<void>;
  /** What stands on the Ingress, read as JSON. */
  status(name: string): Promise<unknown>;
  /** `kubectl describe`. */
  described(kind: string, name: string): Promise<string>;
}

export interface Stage {
  readonly gate: GateCluster;
  readonly front: Front;
}

/** How the outside of a gate is looked at. */
export function lookAt({ gate, front }: Stage): Told {
  const ask = async (host: string): Promise<Page> => await gate.visitor().ask(`${gate.url(host)}/`);
  const answers = async (host: string, status: number): Promise<Page> => {
    let page: Page | undefined;
    const holds = async (): Promise<boolean> => (page = await ask(host)).status === status;
    await until(holds, `${status} of ${host}`, 20_000).catch((error: unknown) => {
      throw new Error(`${host} still answers ${page?.status}`, { cause: error });
    });
    assert.ok(page);
    return page;
  };
  return {
    open: async (host) => void (await answers(host, 200)),
    refused: async (host) => void (await answers(host, 403)),
    asked: async (host) => {
      const away = String((await answers(host, 302)).headers['location']);
      assert.ok(away.startsWith(`${gate.url(host)}/_cognito-gate/start/`), away);
      // The companion is seen by the proxy a moment later, perhaps.
      const own = async (): Promise<boolean> => (await gate.visitor().ask(away)).status === 302;
      await until(own, `the sign-in paths of ${host}`, 20_000);
      await front.settled();
    },
    status: async (name) => {
      const path = 'jsonpath={.metadata.annotations.cognito-gate\\.dev/status}';
      const text = await gate.cluster.kubectl('get', 'ingress', name, '-n', name, '-o', path);
      return text === '' ? undefined : (JSON.parse(text) as unknown);
    },
    described: async (kind, name) => await gate.cluster.kubectl('describe', kind, name, '-n', name),
  };
}

export function tellStory(stage: () => Stage): void {
  const of = (): GateCluster => stage().gate;
  let shop: App;
  let wiki: App;
  let ada: Visitor;
  const told = (): Told => lookAt(stage());
  const kubectl = async (...args: readonly string[]): Promise<string> => await of().cluster.kubectl(...args);
  const annotate = async (name: string, annotation: string): Promise<unknown> =>
    await kubectl('annotate', '--overwrite', 'ingress', name, '-n', name, annotation);
  const says = async (kind: string, name: string, what: RegExp): Promise<void> => {
    let last = '';
    const holds = async (): Promise<boolean> => what.test((last = await told().described(kind, name)));
    await until(holds, `${String(what)} of ${kind} ${name}`, 10_000).catch((error: unknown) => {
      throw new Error(`${kind} ${name} says ${last.slice(-2000)}`, { cause: error });
    });
  };
  const stands = async (name: string, status: object | undefined): Promise<void> =>
    await until(
      async () => JSON.stringify(await told().status(name)) === JSON.stringify(status),
      `status of ${name}: ${JSON.stringify(status)}`,
      20_000,
    );
  const url = (host: string, path = '/'): string => `${of().url(host)}${path}`;

  test('an Ingress without a mark is open, and nothing of ours stands on it', async () => {
    shop = await of().app('shop', { host: gateHosts.shop });
    await told().open(gateHosts.shop);
    assert.ok(shop.requests > 0);
    assert.ok(!(await kubectl('get', 'ingress', 'shop', '-n', 'shop', '-o', 'yaml')).includes('auth-url'));
  });

  test('one annotation: a stranger is led to sign in, ada gets in, bob is told why not, and the Ingress says it', async () => {
    await annotate('shop', 'cognito-gate.dev/allowed-groups=admins');
    await told().asked(gateHosts.shop);
    ada = of().visitor();
    const page = await ada.signIn(url(gateHosts.shop, '/a?b=1'), account('ada'));
    assert.equal(page.status, 200, page.body.slice(0, 500));
    assert.equal(page.url.href, url(gateHosts.shop, '/a?b=1'));
    assert.equal(shop.last?.headers['x-auth-request-groups'], 'admins');
    const bob = await of().visitor().signIn(url(gateHosts.shop), account('bob'));
    assert.equal(bob.status, 403);
    assert.match(bob.body, /bob/);
    await stands('shop', { began: 'mark', state: 'Enforced', policy: 'shop/ingress/shop' });
    await says('ingress', 'shop', /Normal +Protected .*protected as its own annotations say/);
  });

  test('a policy by targetRefs: wired with the Ingress, kubectl get says Protected, one password for both domains', async () => {
    await of().apply('{ apiVersion: v1, kind: Namespace, metadata: { name: wiki } }');
    await of().apply(
      policy('wiki', `{ targetRefs: [{ group: networking.k8s.io, kind: Ingress, name: wiki }], ${rules} }`),
    );
    wiki = await of().app('wiki', { host: gateHosts.wiki });
    await told().asked(gateHosts.wiki);
    assert.equal(wiki.requests, 0);
    await stands('wiki', { began: 'target', state: 'Enforced', policy: 'wiki/wiki' });
    await kubectl('wait', 'accesspolicy/wiki', '-n', 'wiki', '--for=condition=Protected', '--timeout=20s');
    assert.match(await kubectl('get', 'accesspolicy', 'wiki', '-n', 'wiki'), /wiki +True +Protected +Enforce +1 +/);
    assert.equal((await ada.go(url(gateHosts.wiki, '/admin/x'))).status, 200);
    assert.equal(wiki.last?.path, '/admin/x');
    const bob = of().visitor();
    assert.equal((await bob.signIn(url(gateHosts.wiki), account('bob'))).status, 200);
    assert.equal((await bob.go(url(gateHosts.wiki, '/admin/x'))).status, 403);
    assert.equal((await of().visitor().ask(url(gateHosts.wiki, '/healthz'))).status, 200);
  });

  test('from its own annotation to a policy that the annotation names', async () => {
    const before = shop.requests;
    await of().apply(policy('shop', `{ ${rules} }`));
    const marks = ['cognito-gate.dev/allowed-groups-', 'cognito-gate.dev/policy=shop'];
    await kubectl('annotate', 'ingress', 'shop', '-n', 'shop', ...marks);
    await stands('shop', { began: 'mark', state: 'Enforced', policy: 'shop/shop' });
    const bob = of().visitor();
    await until(async () => (await bob.signIn(url(gateHosts.shop), account('bob'))).status === 200, 'bob', 20_000);
    assert.ok(shop.requests > before);
    await says('ingress', 'shop', /Normal +Protected .*protected by the policy shop\/shop/);
  });

  test('signed out on one domain is signed out on the other at once', async () => {
    const question = await ada.go(url(gateHosts.shop, '/_cognito-gate/sign-out'));
    const page = await ada.submit(question, {});
    const next = /http-equiv="refresh" content="\d+;\s*url=([^"]+)"/i.exec(page.body)?.[1]?.replaceAll('&amp;', '&');
    assert.ok(next !== undefined, page.body.slice(0, 500));
    assert.equal((await ada.go(new URL(next, page.url))).url.pathname, '/oauth2/signed-out');
    // The other replica learns it by its watch.
    for (const host of [gateHosts.shop, gateHosts.wiki])
      await until(async () => (await ada.ask(url(host))).status === 302, `ada out of ${host}`);
    assert.match((await ada.go(url(gateHosts.wiki))).body, /name="password"/);
  });

  test('a policy deleted: refused, and the Ingress says why and what to do', async () => {
    await kubectl('delete', 'accesspolicy', 'wiki', '-n', 'wiki');
    await told().refused(gateHosts.wiki);
    await stands('wiki', { began: 'target', state: 'Refusing', reason: 'PolicyGone' });
    await says('ingress', 'wiki', /Warning +PolicyGone .*add a policy or an annotation.*unprotect: "true"/);
    await kubectl('delete', 'accesspolicy', 'shop', '-n', 'shop');
    await told().refused(gateHosts.shop);
    await stands('shop', { began: 'mark', state: 'Refusing', reason: 'PolicyNotFound' });
    await says('ingress', 'shop', /Warning +PolicyNotFound .*annotations\[cognito-gate.dev\/policy\].*make the policy/);
  });

  test('the mark removed: open, and nothing of ours is left on it', async () => {
    await annotate('shop', 'cognito-gate.dev/policy-');
    await told().open(gateHosts.shop);
    await stands('shop', undefined);
    const text = await kubectl('get', 'ingress', 'shop', '-n', 'shop', '-o', 'jsonpath={.metadata.annotations}');
    assert.ok(!/nginx.ingress|cognito-gate/.test(text), text);
  });

  test('unprotect: "true" lets go what a policy had protected; what is beside a mark does nothing', async () => {
    await annotate('wiki', 'cognito-gate.dev/access=SignedIn');
    await told().asked(gateHosts.wiki);
    await annotate('wiki', 'cognito-gate.dev/unprotect=true');
    await says('ingress', 'wiki', /Warning +UnprotectRefused /);
    await told().asked(gateHosts.wiki);
    await annotate('wiki', 'cognito-gate.dev/access-');
    await told().open(gateHosts.wiki);
    await stands('wiki', undefined);
  });
}
