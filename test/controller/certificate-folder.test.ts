import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createCertificateFolder } from '../../src/controller/certificate-folder.ts';
import { issueLeaf, makeAuthority } from '../../src/controller/issue-certificate.ts';

test('a certificate from a folder: absent, there, half written, replaced', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'cg-certificate-'));
  const stopping = new AbortController();
  const warnings: string[] = [];
  let changes = 0;
  const log = { info: () => undefined, warn: (_fields: object, text: string) => void warnings.push(text) };
  const certificate = createCertificateFolder({ folder, log, everyMs: 10 });
  certificate.onChange(() => (changes += 1));
  const running = certificate.run(stopping.signal);
  const until = async (done: () => boolean): Promise<void> => {
    for (let tries = 0; !done() && tries < 500; tries += 1) await sleep(10);
    assert.ok(done());
  };
  try {
    await until(() => warnings.some((text) => text.includes('ENOENT')));
    assert.equal(certificate.current(), undefined);
    const authority = await makeAuthority(Date.now());
    const [first, second] = [
      await issueLeaf(authority, ['a.svc'], Date.now()),
      await issueLeaf(authority, ['a.svc'], Date.now()),
    ];
    await writeFile(join(folder, 'tls.key'), first.key);
    await writeFile(join(folder, 'tls.crt'), first.cert);
    await until(() => certificate.current()?.cert === first.cert);
    assert.equal(certificate.current()?.ca, undefined);
    const said = warnings.length;
    await writeFile(join(folder, 'tls.key'), second.key);
    await until(() => warnings.slice(said).some((text) => text.includes('not the key of')));
    assert.equal(certificate.current()?.key, first.key);
    await writeFile(join(folder, 'tls.crt'), second.cert);
    await until(() => certificate.current()?.cert === second.cert);
    assert.equal(changes, 2);
  } finally {
    stopping.abort();
    await running;
    await rm(folder, { recursive: true });
  }
});
