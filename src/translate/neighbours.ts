import { startsWithTest } from '../decide/starts-with.ts';
import type { Finding } from '../model/finding.ts';
import { nginxPrefix } from './ingress-facts.ts';
import type { IngressFacts } from './ingress-facts.ts';
import type { Standing } from './plans.ts';
import { createReport } from './report.ts';
import type { Report } from './report.ts';

/** What stands on one host, summed up once for all who stand there. */
export interface Host {
  readonly all: readonly Standing[];
  /** Those that let requests through unasked. */
  readonly open: readonly Standing[];
  /** How many of each namespace, solvers of certificate challenges left out. */
  readonly namespaces: ReadonlyMap<string, number>;
  /** Which path takes the sign-in paths away; undefined: none. */
  readonly shadow: string | undefined;
}

export type Neighbourhood = (host: string) => Host;

function indexHosts(standings: readonly Standing[]): ReadonlyMap<string, readonly Standing[]> {
  const byHost = new Map<string, Standing[]>();
  for (const standing of standings) {
    if (standing.facts.ours) continue;
    for (const host of standing.facts.hosts) {
      const known = byHost.get(host);
      if (known === undefined) byHost.set(host, [standing]);
      else known.push(standing);
    }
  }
  return byHost;
}

function describeHost(host: string, all: readonly Standing[], prefix: string): Host {
  const namespaces = new Map<string, number>();
  for (const { facts } of all) {
    const { namespace } = facts.ingress.ref;
    if (!isSolver(facts)) namespaces.set(namespace, (namespaces.get(namespace) ?? 0) + 1);
  }
  return { all, open: all.filter(isOpen), namespaces, shadow: shadow(host, all, prefix) };
}

export function readNeighbourhood(standings: readonly Standing[], prefix: string): Neighbourhood {
  const byHost = indexHosts(standings);
  const described = new Map<string, Host>();
  return (host) => {
    const known = described.get(host) ?? describeHost(host, byHost.get(host) ?? [], prefix);
    described.set(host, known);
    return known;
  };
}

/** The same with one Ingress in place of what it was. */
export function withStanding(neighbourhood: Neighbourhood, standing: Standing, prefix: string): Neighbourhood {
  const { routeId, hosts } = standing.facts;
  return (host) => {
    const others = neighbourhood(host).all.filter(({ facts }) => facts.routeId !== routeId);
    return describeHost(host, hosts.includes(host) ? [...others, standing] : others, prefix);
  };
}

const challenge = '/.well-known/acme-challenge/';

function isSolver({ labels, paths }: IngressFacts): boolean {
  return (
    labels.get('acme.cert-manager.io/http01-solver') === 'true' || paths.every(({ path }) => path.startsWith(challenge))
  );
}

/** It takes the protection of the Ingress whose traffic it shares. */
function isCanary({ annotations }: IngressFacts): boolean {
  return annotations.get(`${nginxPrefix}canary`) === 'true';
}

function isOpen({ plan, facts }: Standing): boolean {
  const closed = plan !== undefined && plan.act !== 'Withdraw' && plan.state !== 'Unprotected';
  return !closed && !isSolver(facts) && !isCanary(facts);
}

type Named = Pick<Standing, 'facts'>;

function named(standings: readonly Named[], count = standings.length): string {
  const names = standings.slice(0, 3).map(({ facts: { ingress } }) => `${ingress.ref.namespace}/${ingress.ref.name}`);
  return `${names.join(', ')}${count > 3 ? ` and ${count - 3} more` : ''}`;
}

function hasExpressions({ annotations }: IngressFacts): boolean {
  const rewritten = annotations.get(`${nginxPrefix}rewrite-target`) ?? '';
  return rewritten !== '' || annotations.get(`${nginxPrefix}use-regex`) === 'true';
}

/** The first, and so longest, expression wins (ingress-nginx sorts locations by length). */
function shadow(host: string, on: readonly Standing[], prefix: string): string | undefined {
  if (!on.some(({ facts }) => hasExpressions(facts))) return undefined;
  const ours = ['/', '/start/0123456789abcdef0123456789abcdef', '/complete', '/sign-out'].map((end) => prefix + end);
  for (const { facts } of on) {
    for (const path of facts.paths) {
      if (path.host !== host || path.path.length < prefix.length) continue;
      const test = startsWithTest(path.path);
      if (test !== undefined && ours.some((one) => test(one))) return `${path.path} of ${named([{ facts }])}`;
    }
  }
  return undefined;
}

/** As many as are named. */
function firstOthers(standings: readonly Standing[], isOther: (standing: Standing) => boolean): readonly Standing[] {
  return [...standings.values().filter(isOther).take(3)];
}

function reportOpen({ facts }: Standing, name: string, { open }: Host, report: Report): void {
  const self = open.some((other) => other.facts.routeId === facts.routeId);
  const count = open.length - Number(self);
  if (count === 0) return;
  const others = named(
    firstOthers(open, (other) => other.facts.routeId !== facts.routeId),
    count,
  );
  const text = `${name}: requests of this host pass unasked through ${others}: protect it too`;
  report.warn('HostPartlyOpen', 'spec.rules', text);
}

function reportShared({ facts }: Standing, name: string, { all, namespaces }: Host, report: Report): void {
  const own = facts.ingress.ref.namespace;
  const count = [...namespaces].reduce((sum, [namespace, many]) => sum + (namespace === own ? 0 : many), 0);
  if (count === 0) return;
  const isForeign = (other: Standing): boolean => other.facts.ingress.ref.namespace !== own && !isSolver(other.facts);
  const others = named(firstOthers(all, isForeign), count);
  const text = `${name}: ${others} of another namespace has this host too, and is sent the same cookies: give it a host of its own`;
  report.warn('HostShared', 'spec.rules', text);
}

/** What others on its hosts mean for a protected Ingress. */
export function neighbourFindings(
  standing: Standing,
  neighbourhood: Neighbourhood,
  prefix: string,
): readonly Finding[] {
  const { facts, plan } = standing;
  if (plan === undefined || plan.act === 'Withdraw') return [];
  const report = createReport(facts.ingress.ref);
  for (const name of facts.hosts) {
    const host = neighbourhood(name);
    reportOpen(standing, name, host, report);
    reportShared(standing, name, host, report);
    if (host.shadow === undefined) continue;
    const text = `${name}: its paths are regular expressions, and ${host.shadow} matches ${prefix} first: let it match less`;
    report.warn('SignInShadowed', 'spec.rules', text);
  }
  return report.findings;
}
