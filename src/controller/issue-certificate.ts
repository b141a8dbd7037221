import { createPublicKey, KeyObject } from 'node:crypto';
import { isIP } from 'node:net';
import type { webcrypto, X509Certificate } from 'node:crypto';
import type * as peculiar from '@peculiar/x509';

/** PEM text. */
export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

const day = 86_400_000;
/** Clocks of API servers are not ours: a certificate that begins now is one of the future to some. */
const backdated = 3_600_000;
const lifetimes = { authority: 3650 * day, leaf: 90 * day };

const curve = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const signing = { name: 'ECDSA', hash: 'SHA-256' } as const;

/** Loaded only when one is made: @peculiar/x509 costs a tenth of a second, and most starts find a certificate. */
async function library(): Promise<typeof peculiar> {
  await import('reflect-metadata');
  return await import('@peculiar/x509');
}

async function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return await crypto.subtle.generateKey(curve, true, ['sign', 'verify']);
}

function keyText(key: webcrypto.CryptoKey): string {
  return KeyObject.from(key).export({ type: 'pkcs8', format: 'pem' }).toString();
}

function span(now: number, lifetime: number): { notBefore: Date; notAfter: Date } {
  return { notBefore: new Date(now - backdated), notAfter: new Date(now + lifetime) };
}

/** A CA for nothing but the webhook; trusted only where its certificate stands in a caBundle. */
export async function makeAuthority(now: number): Promise<KeyPair> {
  const x509 = await library();
  const keys = await newKeys();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    // CAs of one name would be confused when both stand in one bundle.
    name: `CN=cognito-gate webhook CA ${new Date(now).toISOString()}`,
    keys,
    ...span(now, lifetimes.authority),
    signingAlgorithm: signing,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { cert: `${certificate.toString('pem')}\n`, key: keyText(keys.privateKey) };
}

async function signingKey(pem: string): Promise<webcrypto.CryptoKey> {
  const text = pem.replaceAll(/-----[A-Z ]+-----|\s/g, '');
  return await crypto.subtle.importKey('pkcs8', Buffer.from(text, 'base64'), curve, false, ['sign']);
}

export async function issueLeaf(authority: KeyPair, dnsNames: readonly string[], now: number): Promise<KeyPair> {
  const x509 = await library();
  const keys = await newKeys();
  const issuer = new x509.X509Certificate(authority.cert);
  const certificate = await x509.X509CertificateGenerator.create({
    subject: `CN=${(dnsNames[0] ?? 'cognito-gate').slice(0, 64)}`,
    issuer: issuer.subject,
    publicKey: keys.publicKey,
    signingKey: await signingKey(authority.key),
    ...span(now, lifetimes.leaf),
    signingAlgorithm: signing,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      await x509.AuthorityKeyIdentifierExtension.create(issuer),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      new x509.SubjectAlternativeNameExtension(
        dnsNames.map((value) => ({ type: isIP(value) === 0 ? ('dns' as const) : ('ip' as const), value })),
      ),
    ],
  });
  return { cert: `${certificate.toString('pem')}\n`, key: keyText(keys.privateKey) };
}

/** Whether the text holds this certificate's own key. */
export function keyBelongs(certificate: X509Certificate, key: string): boolean {
  try {
    return createPublicKey(key).equals(certificate.publicKey);
  } catch {
    return false;
  }
}
