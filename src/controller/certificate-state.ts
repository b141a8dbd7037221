import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { issueLeaf, keyBelongs, makeAuthority } from './issue-certificate.ts';
import type { KeyPair } from './issue-certificate.ts';

/** What the Secret holds, as PEM text. */
export interface KeptCertificate {
  readonly cert: string;
  readonly key: string;
  /** Every CA that a caBundle must hold: the one that signs first, then those before it. */
  readonly ca: string;
  /** Of the first CA. */
  readonly caKey: string;
}

export interface Wanted {
  readonly dnsNames: readonly string[];
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** What the Secret should hold next. `urgent`: what it holds can't be served, so no replica waits for the leader. */
export interface NextCertificate {
  readonly kept: KeptCertificate;
  readonly urgent: boolean;
}

/**
 * How long a new CA stands in the caBundle before anything is signed by it. API servers read webhook configurations from
 * caches of their own, and our leader may be away when the bundle should be written.
 */
const overlap = 86_400_000;

function certificatesOf(pem: string): readonly X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g) ?? [];
  return blocks.flatMap((block) => {
    try {
      return [new X509Certificate(block)];
    } catch {
      return [];
    }
  });
}

function isValid(certificate: X509Certificate, now: number): boolean {
  return now >= certificate.validFromDate.getTime() && now < certificate.validToDate.getTime();
}

/** Past two thirds of its life. */
function isOld(certificate: X509Certificate, now: number): boolean {
  const from = certificate.validFromDate.getTime();
  return now > from + ((certificate.validToDate.getTime() - from) * 2) / 3;
}

function issued(leaf: X509Certificate, by: X509Certificate): boolean {
  return leaf.checkIssued(by) && leaf.verify(by.publicKey);
}

function names(leaf: X509Certificate, dnsNames: readonly string[]): boolean {
  return dnsNames.every((name) => (isIP(name) === 0 ? leaf.checkHost(name) : leaf.checkIP(name)) !== undefined);
}

interface Authorities {
  /** The CA that signs; undefined: one is to be made. */
  readonly current: KeyPair | undefined;
  readonly currentSince: number;
  readonly valid: readonly X509Certificate[];
}

function pemOf(certificate: X509Certificate): string {
  return `${certificate.toString().trim()}\n`;
}

function authoritiesOf(kept: KeptCertificate, now: number): Authorities {
  const all = certificatesOf(kept.ca);
  const valid = all.filter((ca) => isValid(ca, now));
  const [first] = all;
  if (first === undefined) return { current: undefined, currentSince: 0, valid };
  const signs = isValid(first, now) && !isOld(first, now) && keyBelongs(first, kept.caKey);
  const current = signs ? { cert: pemOf(first), key: kept.caKey } : undefined;
  return { current, currentSince: first.validFromDate.getTime(), valid };
}

type LeafState = 'good' | 'old' | 'unusable';

function leafState(kept: KeptCertificate, authorities: Authorities, { dnsNames, now }: Wanted): LeafState {
  const [leaf] = certificatesOf(kept.cert);
  if (leaf === undefined || !isValid(leaf, now) || !keyBelongs(leaf, kept.key)) return 'unusable';
  const issuer = authorities.valid.findIndex((ca) => issued(leaf, ca));
  if (issuer < 0 || !names(leaf, dnsNames)) return 'unusable';
  const superseded = issuer > 0 && now > authorities.currentSince + overlap;
  return superseded || isOld(leaf, now) ? 'old' : 'good';
}

const none: KeptCertificate = { cert: '', key: '', ca: '', caKey: '' };

/** Undefined: what is kept stays. One step at a time: a new CA is only published, its first certificate comes later. */
export async function nextCertificate(
  kept: KeptCertificate | undefined,
  wanted: Wanted,
): Promise<NextCertificate | undefined> {
  const present = kept ?? none;
  const { current, valid } = authoritiesOf(present, wanted.now);
  const leaf = leafState(present, authoritiesOf(present, wanted.now), wanted);
  if (current !== undefined && leaf === 'good') return undefined;
  const authority = current ?? (await makeAuthority(wanted.now));
  const older = valid.map(pemOf).filter((pem) => pem !== authority.cert);
  const published = current !== undefined || leaf === 'unusable';
  const pair = published
    ? await issueLeaf(authority, wanted.dnsNames, wanted.now)
    : { cert: present.cert, key: present.key };
  const next = { ...pair, ca: [authority.cert, ...older].join(''), caKey: authority.key };
  return { kept: next, urgent: leaf === 'unusable' };
}

/** Whether it can be served now. */
export function isServable(kept: KeptCertificate, wanted: Wanted): boolean {
  return leafState(kept, authoritiesOf(kept, wanted.now), wanted) !== 'unusable';
}
