import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { connect } from 'node:tls';
import { isServable, nextCertificate } from '../../src/controller/certificate-state.ts';
import type { KeptCertificate } from '../../src/controller/certificate-state.ts';

const day = 86_400_000;
const start = Date.UTC(2026, 10, 25);
const dnsNames = ['cognito-gate-webhook.cognito-gate.svc', '127.0.0.1'];

async function next(kept: KeptCertificate | undefined, now: number, names: readonly string[] = dnsNames) {
  return await nextCertificate(kept, { dnsNames: names, now });
}

async function made(now = start): Promise<KeptCertificate> {
  const first = await next(undefined, now);
  assert.ok(first?.urgent === true);
  return first.kept;
}

function authorities({ ca }: KeptCertificate): readonly X509Certificate[] {
  return ca
    .split(/(?<=-----END CERTIFICATE-----\n)/)
    .filter((pem) => pem !== '')
    .map((pem) => new X509Certificate(pem));
}

function isTrusted(kept: KeptCertificate, by: KeptCertificate): boolean {
  const leaf = new X509Certificate(kept.cert);
  return authorities(by).some((ca) => leaf.checkIssued(ca) && leaf.verify(ca.publicKey));
}

test('the first one: a CA of its own, a certificate for the names, P-256', async () => {
  const kept = await made();
  const leaf = new X509Certificate(kept.cert);
  const [ca, ...others] = authorities(kept);
  assert.ok(ca !== undefined && others.length === 0 && ca.ca && !leaf.ca);
  assert.ok(isTrusted(kept, kept));
  assert.equal(leaf.publicKey.asymmetricKeyDetails?.namedCurve, 'prime256v1');
  assert.equal(leaf.subjectAltName, 'DNS:cognito-gate-webhook.cognito-gate.svc, IP Address:127.0.0.1');
  assert.deepEqual(leaf.keyUsage, ['1.3.6.1.5.5.7.3.1']);
  assert.ok(isServable(kept, { dnsNames, now: start }));
  assert.equal(await next(kept, start + 59 * day), undefined);
});

test('a TLS client that trusts nothing but the bundle accepts it', async () => {
  const kept = await made(Date.now());
  const server = createServer({ cert: kept.cert, key: kept.key });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  for (const servername of [dnsNames[0] ?? '', '127.0.0.1']) {
    const host = servername === '127.0.0.1' ? {} : { servername };
    const socket = connect({ host: '127.0.0.1', port, ca: kept.ca, ...host });
    await new Promise((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject));
    assert.ok(socket.authorized);
    socket.destroy();
  }
  server.close();
});

test('past two thirds of its life it is renewed by the same CA, without haste', async () => {
  const kept = await made();
  const renewed = await next(kept, start + 61 * day);
  assert.equal(renewed?.urgent, false);
  assert.equal(renewed.kept.ca, kept.ca);
  assert.notEqual(renewed.kept.cert, kept.cert);
  assert.ok(isTrusted(renewed.kept, kept));
});

test('an expired one is replaced at once, by the same CA', async () => {
  const kept = await made();
  assert.equal(isServable(kept, { dnsNames, now: start + 91 * day }), false);
  const renewed = await next(kept, start + 91 * day);
  assert.equal(renewed?.urgent, true);
  assert.equal(renewed.kept.ca, kept.ca);
});

test('so is one for other names, with another key, of another CA, or that cannot be read', async () => {
  const kept = await made();
  const other = await made();
  assert.equal((await next(kept, start, ['other.svc']))?.urgent, true);
  const broken: readonly Partial<KeptCertificate>[] = [
    { key: other.key },
    { cert: other.cert, key: other.key },
    { cert: 'x' },
    { cert: '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n' },
    { key: '' },
    { ca: '' },
  ];
  for (const change of broken) {
    const mended = await next({ ...kept, ...change }, start);
    assert.equal(mended?.urgent, true);
    assert.ok(isTrusted(mended.kept, mended.kept));
    assert.equal(await next(mended.kept, start), undefined);
  }
});

test('a new CA overlaps: published first, signing a day later, the old one stays in the bundle', async () => {
  const kept = await made();
  const later = start + 2440 * day;
  const leafOfOld = (await next(kept, later - 10 * day))?.kept;
  assert.ok(leafOfOld !== undefined);
  const published = await next(leafOfOld, later);
  assert.equal(published?.urgent, false);
  assert.equal(published.kept.cert, leafOfOld.cert);
  assert.equal(authorities(published.kept).length, 2);
  assert.equal(await next(published.kept, later + day / 2), undefined);
  const signed = await next(published.kept, later + 2 * day);
  assert.equal(signed?.urgent, false);
  assert.equal(signed.kept.ca, published.kept.ca);
  assert.ok(isTrusted(signed.kept, published.kept) && !isTrusted(signed.kept, kept));
  assert.equal(await next(signed.kept, later + 2 * day), undefined);
});

test('a CA whose key is lost is replaced while its certificate still serves', async () => {
  const kept = await made();
  const mended = await next({ ...kept, caKey: '' }, start);
  assert.equal(mended?.urgent, false);
  assert.equal(mended.kept.cert, kept.cert);
  assert.equal(authorities(mended.kept).length, 2);
});
