import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, it } from 'node:test';

import { StoreUnavailable } from '../../../src/session/state-store.ts';
import { startRedis, type Redis, type RedisOptions } from '../../support/redis.ts';
import { until } from '../../support/until.ts';
import { answers, inAnHour, knownSid, newSid, openReplica, pool, stateWith, type ReplicaStore } from './replica.ts';

describe('who may connect to Redis', () => {
  const rights = ['~cognito-gate:* resetchannels -@all +hello +ping +get +set +del +eval +client|tracking'].join(' ');
  let replicas: ReplicaStore[] = [];
  let servers: Redis[] = [];
  const start = async (options: RedisOptions): Promise<Redis> => {
    const redis = await startRedis(options);
    servers.push(redis);
    return redis;
  };
  const open = async (settings: Parameters<typeof openReplica>[0]): Promise<ReplicaStore> => {
    const replica = await openReplica(settings);
    replicas.push(replica);
    return replica;
  };
  afterEach(async () => {
    await Promise.all(replicas.map(async (replica) => await replica.close()));
    await Promise.all(servers.map(async (server) => await server.close()));
    replicas = [];
    servers = [];
  });

  it('TLS, a user with the rights of the manual and no other, and a password that changes in place', async () => {
    const redis = await start({ tls: true, acl: [`user gate on >one ${rights}`] });
    const passwordFile = join(redis.folder, 'password');
    await writeFile(passwordFile, 'wrong\n');
    const settings = { urls: [redis.url], username: 'gate', passwordFile, caFile: redis.caFile };
    const store = await open(settings);
    await assert.rejects(async () => await store.groups(newSid()), /WRONGPASS/);
    await writeFile(passwordFile, 'one\n');
    await until(async () => await answers(store), 'the right password is read');
    store.observed.length = 0;
    const sid = await knownSid(store);
    store.seen(sid, 1);
    await (await store.lock(sid))?.release();
    assert.ok(await store.lock(sid));
    await store.update(sid, pool, stateWith('more'));
    await store.remove(sid);
    assert.equal(await store.groups(sid), undefined);
    assert.ok(!store.observed.some((line) => line.endsWith('forbidden')), String(store.observed));
    await redis.cli('ACL', 'SETUSER', 'gate', 'resetpass', '>two');
    await writeFile(passwordFile, 'two');
    await redis.cli('CLIENT', 'KILL', 'USER', 'gate');
    await until(async () => await answers(store), 'the new password is read');
    assert.ok(![...store.log, ...replicas.flatMap(({ log }) => log)].some((line) => /\bone\b|\btwo\b/.test(line)));
  });

  it('a certificate of another authority is not trusted, and plain text is not spoken to TLS', async () => {
    const redis = await start({ tls: true });
    const [stranger, plain] = await Promise.all([
      open({ urls: [redis.url] }),
      open({ urls: [redis.url.replace('rediss', 'redis')] }),
    ]);
    await assert.rejects(async () => await stranger.groups(newSid()), StoreUnavailable);
    await assert.rejects(async () => await plain.groups(newSid()), StoreUnavailable);
    assert.ok(
      stranger.log.some((line) => /certificate/.test(line)),
      stranger.log.join('\n'),
    );
    assert.equal(await answers(await open({ urls: [redis.url], caFile: redis.caFile })), true);
  });

  it('a file that is not there is named, by its field', async () => {
    const redis = await start({});
    const nowhere = join(redis.folder, 'nothing');
    const [password, authority] = await Promise.all([
      open({ urls: [redis.url], passwordFile: nowhere }),
      open({ urls: [redis.url], caFile: nowhere }),
    ]);
    await assert.rejects(
      async () => await password.groups(newSid()),
      new RegExp(`^\\S+ store\\.redis\\.passwordFile: ${nowhere} can't be read \\(ENOENT\\)$`),
    );
    await assert.rejects(async () => await authority.groups(newSid()), /store\.redis\.caFile: .* \(ENOENT\)$/);
  });

  it('a right that is missing is named, and opens nothing', async () => {
    const redis = await start({ acl: [`user gate on >one ${rights} -set`] });
    const passwordFile = join(redis.folder, 'password');
    await writeFile(passwordFile, 'one');
    const store = await open({ urls: [redis.url], username: 'gate', passwordFile });
    await assert.rejects(store.create(newSid(), pool, stateWith('staff'), inAnHour()), /NOPERM.*set/);
    assert.equal(await store.groups(newSid()), undefined);
    assert.ok(store.log.some((line) => line.includes('did not create: Redis answers: NOPERM')));
  });
});
