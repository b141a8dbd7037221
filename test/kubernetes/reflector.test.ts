import assert from 'node:assert/strict';
import { suite, test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createKubeClient, KubeApiError } from '../../src/kubernetes/client.ts';
import { createReflector, type ReflectorOptions } from '../../src/kubernetes/reflector.ts';
import { resources } from '../../src/kubernetes/resources.ts';
import { eventLine, FakeApi } from '../support/fake-api.ts';
import { until } from '../support/until.ts';

const thing = (name: string, fields: object = {}) => ({ metadata: { name, namespace: 'default' }, ...fields });

async function follow(t: TestContext, options: Partial<ReflectorOptions> = {}, api = new FakeApi()) {
  await api.start();
  const client = createKubeClient(api.connection());
  const errors: Error[] = [];
  const seen: string[] = [];
  const reflector = createReflector({
    client,
    collection: { resource: resources.configMaps, labelSelector: 'a=b' },
    onChange: () => void seen.push(names()),
    onError: (error) => errors.push(error),
    now: Date.now,
    random: Math.random,
    ...options,
    timings: { minDelayMs: 10, maxDelayMs: 50, missingDelayMs: 20, recheckMs: 30, ...options.timings },
  });
  const stop = new AbortController();
  const done = reflector.run(stop.signal);
  t.after(async () => {
    stop.abort();
    await done;
    client.close();
    await api.stop();
  });
  const names = (): string =>
    reflector
      .items()
      .map(({ metadata }) => metadata.name)
      .toSorted()
      .join();
  const watching = () => until(() => api.watching === 1, 'a watch');
  return { api, reflector, errors, names, watching, seen, changes: () => seen.length, stop, done };
}

async function preparedWith(...names: string[]): Promise<FakeApi> {
  const api = new FakeApi();
  for (const name of names) api.put(thing(name));
  return api;
}

const status = (code: number) =>
  eventLine('ERROR', { kind: 'Status', code, reason: `Reason${code}`, message: 'told so' });

suite('a reflector follows', () => {
  test('adds, changes and deletes, in the collection that was asked for', async (t) => {
    const { api, reflector, names, watching } = await follow(t);
    await watching();
    api.put(thing('a'));
    api.put(thing('b'));
    api.put(thing('b', { data: { changed: 'yes' } }));
    api.remove('a');
    await until(() => names() === 'b', 'only b');
    assert.deepEqual(reflector.get('default', 'b')?.['data'], { changed: 'yes' });
    assert.equal(reflector.get('other', 'b'), undefined);
    assert.equal(reflector.version(), '14');
    assert.ok(api.requests.every(({ query }) => query.get('labelSelector') === 'a=b'));
    const timeout = Number(api.watches()[0]?.query.get('timeoutSeconds'));
    assert.ok(timeout >= 240 && timeout <= 360);
    assert.equal(api.watches()[0]?.query.get('allowWatchBookmarks'), 'true');
  });

  test('an object that was deleted and made again, as the new one', async (t) => {
    const { api, reflector, watching } = await follow(t, {}, await preparedWith('a'));
    await watching();
    const old = reflector.get('default', 'a')?.metadata.uid;
    api.remove('a');
    api.put(thing('a'));
    await until(() => reflector.version() === '13', 'both events');
    assert.notEqual(reflector.get('default', 'a')?.metadata.uid, old);
    assert.equal(reflector.items().length, 1);
  });

  test('bookmarks, without telling of a change', async (t) => {
    const { api, reflector, watching, changes } = await follow(t);
    await watching();
    api.send(
      eventLine('BOOKMARK', {
        kind: 'ConfigMap',
        apiVersion: 'v1',
        metadata: { resourceVersion: '77', creationTimestamp: null },
      }),
    );
    await until(() => reflector.version() === '77', 'the bookmark');
    assert.equal(changes(), 1, 'the list');
    api.endWatches();
    await until(() => api.watches().at(-1)?.query.get('resourceVersion') === '77', 'a watch from the bookmark');
  });

  test('and keeps no managedFields, or what it is told to keep', async (t) => {
    const managed = { metadata: { name: 'a', managedFields: [{ manager: 'helm' }] }, data: { big: 'x' } };
    const one = new FakeApi();
    one.put(managed);
    const plain = await follow(t, {}, one);
    await plain.watching();
    assert.equal(plain.reflector.items()[0]?.metadata.managedFields, undefined);
    assert.equal(plain.reflector.items()[0]?.kind, 'Thing');
    const other = new FakeApi();
    other.put(managed);
    const picky = await follow(t, { keep: ({ metadata }) => ({ metadata }) }, other);
    await picky.watching();
    assert.equal(picky.reflector.items()[0]?.['data'], undefined);
    assert.equal(picky.reflector.items()[0]?.metadata.managedFields?.length, 1);
  });

  test('until it is told to stop, and leaves no watch', async (t) => {
    const { api, stop, done } = await follow(t);
    stop.abort();
    await done;
    await sleep(30);
    assert.equal(api.watching, 0);
  });
});

suite('a reflector survives', () => {
  test('a list that is refused, and says when it has synced', async (t) => {
    const api = await preparedWith('a');
    api.refuse('list', 500, 2);
    const { reflector, errors, names } = await follow(t, {}, api);
    assert.equal(reflector.synced(), false);
    await until(() => reflector.synced(), 'synced');
    assert.equal(names(), 'a');
    assert.equal(errors.length, 2);
    assert.match(errors[0]?.message ?? '', /^made 500 \(GET \/api\/v1\/configmaps, HTTP 500\)$/);
  });

  test('a list that is in pages and fails halfway: 410 starts it over', async (t) => {
    const api = await preparedWith('a', 'b', 'c', 'd', 'e');
    api.pages(2);
    let failed = false;
    api.fault(({ query }, response) => {
      if (failed || query.get('continue') !== '2') return false;
      failed = true;
      response.writeHead(410).end(JSON.stringify({ kind: 'Status', code: 410, reason: 'Expired', message: 'too old' }));
      return true;
    });
    const { reflector, errors, names } = await follow(t, {}, api);
    await until(() => reflector.synced(), 'synced');
    assert.equal(names(), 'a,b,c,d,e');
    assert.deepEqual(
      api.lists().map(({ query }) => query.get('continue')),
      [null, '2', null, '2', '4'],
    );
    assert.equal(errors.length, 0);
  });

  test('a page that is cut off in its middle: half a list is none', async (t) => {
    const api = await preparedWith('a', 'b', 'c');
    api.pages(2);
    let cuts = 0;
    api.fault(({ query }, response) => {
      if (cuts === 2 || query.get('continue') !== '2') return false;
      cuts += 1;
      response.writeHead(200, { 'content-type': 'application/json' }).write('{"kind":"ThingList","items":[{"meta');
      setImmediate(() => response.destroy());
      return true;
    });
    const { reflector, errors, names, changes } = await follow(t, {}, api);
    await until(() => errors.length > 0, 'an error');
    await until(() => reflector.synced(), 'synced');
    assert.equal(names(), 'a,b,c');
    assert.equal(errors.length, 2);
    assert.equal(changes(), 1);
  });

  test('429, and waits as long as it is told to', async (t) => {
    const { api, errors, watching } = await follow(t);
    await watching();
    const before = api.watches().length;
    api.refuse('watch', 429, 1, { 'retry-after': '2' });
    api.resetWatches();
    await until(() => errors.some((error) => error instanceof KubeApiError && error.status === 429), 'a 429');
    const told = errors.find((error): error is KubeApiError => error instanceof KubeApiError && error.status === 429);
    assert.equal(told?.retryAfterSeconds, 2);
    await sleep(200);
    assert.equal(api.watches().length, before + 1, 'nothing is asked before its time');
    await watching();
    assert.equal(api.lists().length, 1);
  });

  test('a reset in the middle of an event: the watch goes on from the last whole one, without a list', async (t) => {
    const { api, names, errors, watching } = await follow(t);
    await watching();
    api.put(thing('a'));
    await until(() => names() === 'a', 'a');
    api.send('{"type":"DELETED","object":{"metadata":{"name":"a","uid":"');
    await sleep(20);
    api.resetWatches();
    await until(() => errors.length === 1, 'an error');
    api.put(thing('b'));
    await until(() => names() === 'a,b', 'both');
    assert.equal(api.watches().at(-1)?.query.get('resourceVersion'), '11');
    assert.equal(api.lists().length, 1);
  });

  test('an event that is cut inside a character', async (t) => {
    const { api, names, watching } = await follow(t);
    await watching();
    const object = { metadata: { name: 'é-ü-😀', uid: '1', resourceVersion: '50' } };
    const bytes = Buffer.from(eventLine('ADDED', object));
    for (const cut of [bytes.indexOf(0xc3) + 1, bytes.indexOf(0xf0) + 2]) {
      api.send(bytes.subarray(0, cut));
      await sleep(20);
      api.send(bytes.subarray(cut));
    }
    await until(() => names() === 'é-ü-😀', 'the whole name');
  });

  test('a line that is no event: what came before it counts, then a list', async (t) => {
    for (const line of [
      '{not json\n',
      '{"type":"ADDED","object":{"metadata":{}}}\n',
      '{"type":"NEW","object":{}}\n',
      '7\n',
    ]) {
      const { api, seen, errors, watching } = await follow(t);
      await watching();
      const good = eventLine('ADDED', { metadata: { name: 'before', uid: '1', resourceVersion: '50' } });
      api.send(good + line + good.replace('before', 'after'));
      await until(() => seen.length === 3, 'a list');
      assert.deepEqual(seen, ['', 'before', '']);
      assert.match(errors[0]?.message ?? '', /a line of the stream is no event/);
    }
  });

  test('410 in the stream and as a status: a list at once, once', async (t) => {
    const { api, names, watching } = await follow(t, { timings: { minDelayMs: 60_000, maxDelayMs: 60_000 } });
    await watching();
    api.send(status(410));
    await until(() => api.lists().length === 2, 'a list');
    await watching();
    api.put(thing('a'));
    await until(() => names() === 'a', 'a');
    const refusing = new FakeApi();
    refusing.refuse('watch', 410);
    const other = await follow(t, { timings: { minDelayMs: 60_000, maxDelayMs: 60_000 } }, refusing);
    await other.watching();
    assert.equal(refusing.lists().length, 2);
  });

  test('500 in the stream: the watch goes on from where it was', async (t) => {
    const { api, errors, watching } = await follow(t);
    await watching();
    api.send(status(500));
    await until(() => errors.length === 1, 'an error');
    assert.match(errors[0]?.message ?? '', /^told so/);
    await until(() => api.watches().length === 2, 'a watch');
    assert.equal(api.lists().length, 1);
  });

  test('a version that the server does not have (504): a list', async (t) => {
    const { api, watching } = await follow(t);
    await watching();
    api.refuse('watch', 504);
    api.endWatches();
    await until(() => api.lists().length === 2, 'a list');
  });

  test('a stream that is silent: it is opened anew', async (t) => {
    const { api, reflector, errors, watching } = await follow(t, { timings: { idleMs: 60 } });
    await watching();
    await until(() => api.watches().length >= 3, 'three watches');
    assert.match(errors[0]?.message ?? '', /nothing came for 0\.06 s/);
    assert.ok(reflector.synced());
    assert.equal(api.lists().length, 1);
  });

  test('a stream that was quiet and then broke counts as the first failure, whatever was before it', async (t) => {
    let at = 1_000_000;
    const timings = { minDelayMs: 10, maxDelayMs: 60_000 };
    const { api, errors, watching } = await follow(t, { now: () => at, random: () => 1, timings });
    await watching();
    for (let failures = 0; failures < 4; failures += 1) {
      api.send(status(500));
      await until(() => errors.length === failures + 1, 'an error');
      await watching();
    }
    // Eight failures in a row would be a wait of more than a second.
    at += 5000;
    const before = api.watches().length;
    api.send(status(500));
    await until(() => errors.length === 5, 'the fifth error');
    await sleep(60);
    assert.equal(api.watches().length, before + 1);
  });

  test('streams that end at once, without hammering the server', async (t) => {
    const { api, watching } = await follow(t, { timings: { minDelayMs: 40, maxDelayMs: 400 } });
    await watching();
    api.fault(({ query }, response) => query.has('watch') && response.writeHead(200).end() !== undefined);
    api.endWatches();
    await sleep(400);
    assert.ok(api.watches().length < 8, `${api.watches().length} watches`);
  });

  test('what is older than relistMs is listed again, whatever the stream said', async (t) => {
    const { api, names, watching } = await follow(t, { timings: { relistMs: 50 } }, await preparedWith('a', 'b'));
    await watching();
    api.removeSilently('a');
    await sleep(60);
    api.endWatches();
    await until(() => names() === 'b', 'only b');
  });
});

suite('a reflector keeps what it has', () => {
  test('when it is told that there is something newer: a list, with the watch cut off', async (t) => {
    const { api, reflector, names, watching, errors } = await follow(t, {}, await preparedWith('a'));
    await watching();
    api.removeSilently('a');
    reflector.again();
    await until(() => names() === '' && reflector.synced(), 'the list');
    await watching();
    assert.deepEqual([api.lists().length, api.watches().length, errors.length], [2, 2, 0]);
    api.put(thing('b'));
    await until(() => names() === 'b', 'the watch after it');
  });

  test('while the kind is not there, or may not be read', async (t) => {
    for (const code of [404, 403]) {
      const { api, reflector, names, errors, watching } = await follow(t, {}, await preparedWith('a', 'b'));
      await watching();
      const mend = api.refuse('any', code, 1000);
      api.endWatches();
      await until(() => errors.length > 2, 'errors');
      assert.equal(names(), 'a,b');
      assert.ok(reflector.synced());
      api.removeSilently('a');
      mend();
      if (code === 404) await until(() => names() === 'b', 'a list');
      else await watching();
    }
  });

  test('when deletions are not believed, and asks again', async (t) => {
    let believed = false;
    let asked = 0;
    const believeDeletions = async (): Promise<boolean> => {
      asked += 1;
      return believed;
    };
    const { api, names, watching } = await follow(t, { believeDeletions }, await preparedWith('a', 'b', 'c'));
    await watching();
    api.remove('a');
    await until(() => asked > 0, 'the question');
    api.put(thing('d'));
    await until(() => names() === 'a,b,c,d', 'all of them');
    api.remove('b');
    api.put(thing('b'));
    const before = asked;
    await until(() => asked > before + 1, 'the question again');
    assert.equal(names(), 'a,b,c,d');
    believed = true;
    await until(() => names() === 'b,c,d', 'a is gone, b is back');
  });

  test('when the question fails, or a list lacks objects', async (t) => {
    let believed = false;
    const believeDeletions = async (): Promise<boolean> => {
      if (!believed) throw new Error('no answer');
      return true;
    };
    const { api, names, errors, watching } = await follow(t, { believeDeletions }, await preparedWith('a', 'b'));
    await watching();
    api.removeSilently('a');
    api.send(status(410));
    await until(() => errors.some(({ message }) => message === 'no answer'), 'the question');
    assert.equal(names(), 'a,b');
    believed = true;
    await watching();
    api.put(thing('c'));
    await until(() => names() === 'b,c', 'a is gone');
  });

  test('while the question hangs, with the version that it has', async (t) => {
    let answerIt: (believed: boolean) => void = () => undefined;
    const believeDeletions = () => new Promise<boolean>((resolve) => (answerIt = resolve));
    const { api, reflector, names, watching } = await follow(
      t,
      { believeDeletions, timings: { recheckMs: 60_000 } },
      await preparedWith('a'),
    );
    await watching();
    const version = reflector.version();
    api.remove('a');
    await sleep(50);
    assert.equal(names(), 'a');
    assert.equal(reflector.version(), version);
    answerIt(true);
    await until(() => names() === '', 'a is gone');
    assert.equal(reflector.version(), '12');
  });
});
