import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { IncomingHttpHeaders } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test, type TestContext } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { createKubeClient } from '../../src/kubernetes/client.ts';
import { openConnection } from '../../src/kubernetes/connection.ts';
import { resources } from '../../src/kubernetes/resources.ts';
import { createAuthority } from '../support/certificates.ts';
import { listenOn } from '../support/ports.ts';

const secrets = { resource: resources.secrets };

async function temporary(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'cg-connection-'));
  t.after(async () => await rm(folder, { recursive: true }));
  return folder;
}

/** A server with TLS that lists nothing, and what it saw. */
async function secureServer(t: TestContext, folder: string, hosts: readonly string[]) {
  const authority = await createAuthority(join(folder, 'ca'));
  const mine = await authority.issue('server', hosts);
  const seen: { headers: IncomingHttpHeaders; client: string | undefined }[] = [];
  const server = createServer(
    { cert: await readFile(mine.cert), key: await readFile(mine.key), requestCert: true, rejectUnauthorized: false },
    (request, response) => {
      const socket = request.socket as TLSSocket;
      const subject = socket.getPeerCertificate().subject as { CN?: string } | undefined;
      seen.push({ headers: request.headers, client: subject?.CN });
      response.end('{"kind":"SecretList","apiVersion":"v1","metadata":{"resourceVersion":"1"},"items":[]}');
    },
  );
  const port = await listenOn(server, 0);
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { port, authority, ca: authority.cert, seen };
}

suite('as a Pod', () => {
  test('reads token and CA for every call, as the kubelet replaces them', async (t) => {
    const folder = await temporary(t);
    const { port, ca, seen } = await secureServer(t, folder, ['127.0.0.1']);
    const stranger = await createAuthority(join(folder, 'other'));
    await writeFile(join(folder, 'token'), 'first\n');
    await writeFile(join(folder, 'ca.crt'), await readFile(ca));
    const env = { KUBERNETES_SERVICE_HOST: '127.0.0.1', KUBERNETES_SERVICE_PORT: String(port) };
    const client = createKubeClient(openConnection({ serviceAccountFolder: folder }, env));
    t.after(() => client.close());
    await client.list(secrets);
    await writeFile(join(folder, 'token'), 'second');
    await client.list(secrets);
    assert.deepEqual(
      seen.map(({ headers }) => headers.authorization),
      ['Bearer first', 'Bearer second'],
    );
    await writeFile(join(folder, 'ca.crt'), await readFile(stranger.cert));
    await assert.rejects(client.list(secrets), /certificate/i);
    await writeFile(join(folder, 'ca.crt'), await readFile(ca));
    await client.list(secrets);
    await rm(join(folder, 'ca.crt'));
    await client.list(secrets);
    await writeFile(join(folder, 'token'), '');
    await assert.rejects(client.list(secrets), /token is empty/);
    await rm(join(folder, 'token'));
    await assert.rejects(client.list(secrets), /ENOENT/);
    assert.equal(seen.length, 4);
  });

  test('knows IPv6, and says what is missing', async (t) => {
    const folder = await temporary(t);
    await writeFile(join(folder, 'ca.crt'), '');
    const env = { KUBERNETES_SERVICE_HOST: 'fd00::1' };
    assert.equal(openConnection({ serviceAccountFolder: folder }, env).server.href, 'https://[fd00::1]/');
    assert.throws(() => openConnection({ serviceAccountFolder: join(folder, 'none') }, env), /ENOENT.*ca\.crt/);
    assert.throws(() => openConnection({}, {}), /KUBERNETES_SERVICE_HOST is not set: this is no Pod/);
  });
});

suite('through a kubeconfig', () => {
  async function kubeconfig(folder: string, cluster: object, user: object): Promise<string> {
    const file = join(folder, 'config');
    const config = {
      clusters: [{ name: 'c', cluster }],
      users: [{ name: 'u', user }],
      contexts: [{ name: 'here', context: { cluster: 'c', user: 'u' } }],
      'current-context': 'here',
    };
    await writeFile(file, JSON.stringify(config));
    return file;
  }

  test('a server name of its own, and a client certificate', async (t) => {
    const folder = await temporary(t);
    const { port, authority, seen } = await secureServer(t, folder, ['api.localhost']);
    const mine = await authority.issue('me', ['me.localhost']);
    const cluster = { server: `https://127.0.0.1:${port}`, 'certificate-authority': 'ca/ca.pem' };
    const user = { 'client-certificate': mine.cert, 'client-key': mine.key };
    const wrongName = createKubeClient(openConnection({ kubeconfig: await kubeconfig(folder, cluster, user) }, {}));
    await assert.rejects(wrongName.list(secrets), /altnames/);
    const file = await kubeconfig(folder, { ...cluster, 'tls-server-name': 'api.localhost' }, user);
    const client = createKubeClient(openConnection({ kubeconfig: file }, {}));
    t.after(() => client.close());
    await client.list(secrets);
    assert.equal(seen[0]?.client, 'me');
  });

  test('the token of an exec plugin; verification skipped only where it says so', async (t) => {
    const folder = await temporary(t);
    const { port, seen } = await secureServer(t, folder, ['127.0.0.1']);
    const credential = { kind: 'ExecCredential', status: { token: 'from-plugin' } };
    const exec = { command: 'echo', args: [JSON.stringify(credential)] };
    const server = `https://127.0.0.1:${port}`;
    const strict = createKubeClient(openConnection({ kubeconfig: await kubeconfig(folder, { server }, { exec }) }, {}));
    await assert.rejects(strict.list(secrets), /certificate/);
    const file = await kubeconfig(folder, { server, 'insecure-skip-tls-verify': true }, { exec });
    const client = createKubeClient(openConnection({ kubeconfig: file, context: 'here' }, {}));
    t.after(() => client.close());
    await client.list(secrets);
    assert.equal(seen[0]?.headers.authorization, 'Bearer from-plugin');
  });

  test('an exec plugin that fails, in its words', async (t) => {
    const exec = { command: 'sh', args: ['-c', 'echo sign in first >&2; exit 1'] };
    const file = await kubeconfig(await temporary(t), { server: 'https://127.0.0.1:1' }, { exec });
    const client = createKubeClient(openConnection({ kubeconfig: file }, {}));
    await assert.rejects(client.list(secrets), /sign in first/);
  });

  test('name and password, and somebody to act as', async (t) => {
    const user = { username: 'ann', password: 'pw', as: 'bob' };
    const file = await kubeconfig(await temporary(t), { server: 'https://127.0.0.1:1' }, user);
    const headers = await openConnection({ kubeconfig: file }, {}).headers();
    assert.deepEqual(headers, { authorization: 'Basic YW5uOnB3', 'impersonate-user': 'bob' });
  });

  test('says what is wrong with it', async (t) => {
    const folder = await temporary(t);
    assert.throws(() => openConnection({ kubeconfig: join(folder, 'none') }, {}), /ENOENT/);
    const file = await kubeconfig(folder, { server: 'https://x' }, {});
    assert.throws(() => openConnection({ kubeconfig: file, context: 'there' }, {}), /context there names no cluster/);
    const proxied = await kubeconfig(folder, { server: 'https://x', 'proxy-url': 'http://p' }, {});
    assert.throws(() => openConnection({ kubeconfig: proxied }, {}), /proxy-url, which is not supported/);
  });
});
