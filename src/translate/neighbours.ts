import { startsWithTest } from '../decide/starts-with.ts';
import type { Finding } from '../model/finding.ts';
import type { RoutePath } from '../model/route.ts';
import { isReserved } from './hosts.ts';
import { nginxPrefix } from './ingress-facts.ts';
import type { IngressFacts } from './ingress-facts.ts';
import type { Standing } from './plans.ts';
import { createReport } from './report.ts';
import type { Report } from './report.ts';

/** What stands on one host, summed up once for all who stand there. */
export interface Host {
  readonly all: readonly Standing[];
  /** Those that let requests through unasked, by namespace. */
  readonly open: ReadonlyMap<string, readonly Standing[]>;
  /** Solvers of certificate challenges left out. */
  readonly namespaces: ReadonlySet<string>;
  /** Namespaces that have a protected Ingress here. */
  readonly wired: ReadonlySet<string>;
  /** Which path takes the sign-in paths away; undefined: none. */
  readonly shadow: Shadow | undefined;
  /** Its proxy reads paths as regular expressions. */
  readonly expressions: boolean;
  readonly prefix: string;
}

interface Shadow {
  readonly path: string;
  readonly by: IngressFacts;
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
  const namespaceOf = ({ facts }: Standing): string => facts.ingress.ref.namespace;
  const expressions = all.some(({ facts }) => hasExpressions(facts));
  return {
    all,
    open: Map.groupBy(all.filter(isOpen), namespaceOf),
    namespaces: new Set(all.filter(({ facts }) => !isSolver(facts)).map(namespaceOf)),
    wired: new Set(all.filter(({ plan }) => plan?.act === 'Wire').map(namespaceOf)),
    shadow: expressions ? shadowOf(host, all, prefix) : undefined,
    expressions,
    prefix,
  };
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

/** Names those of the namespace that is told, and only counts others: no tenant reads about another (case P24). */
function openOthers({ facts }: Standing, { open }: Host): string {
  const { namespace } = facts.ingress.ref;
  const own = open.get(namespace) ?? [];
  const others = own.values().filter((other) => other.facts.routeId !== facts.routeId);
  const names = [...others.take(3)].map(({ facts: { ingress } }) => `${ingress.ref.namespace}/${ingress.ref.name}`);
  const self = own.some((other) => other.facts.routeId === facts.routeId);
  const more = own.length - Number(self) - names.length;
  const foreign = open.values().reduce((sum, list) => sum + list.length, 0) - own.length;
  return [
    ...names,
    ...(more === 0 ? [] : [`${more} more`]),
    ...(foreign === 0 ? [] : [`${foreign === 1 ? 'an Ingress' : `${foreign} Ingresses`} of another namespace`]),
  ].join(', ');
}

function hasExpressions({ annotations }: IngressFacts): boolean {
  const rewritten = annotations.get(`${nginxPrefix}rewrite-target`) ?? '';
  return rewritten !== '' || annotations.get(`${nginxPrefix}use-regex`) === 'true';
}

/** More of one Ingress on one host than these are not looked at: everybody waits for it. */
const looked = 100;

const byHost = new WeakMap<IngressFacts, ReadonlyMap<string, readonly RoutePath[]>>();

/** Those that a proxy of regular expressions would rather take for our paths than ours: the longer wins. */
function longPaths(facts: IngressFacts, host: string, prefix: string): readonly string[] {
  const paths = byHost.get(facts) ?? Map.groupBy(facts.paths, (path) => path.host);
  byHost.set(facts, paths);
  const found = (paths.get(host) ?? []).filter(({ path }) => path.length >= prefix.length);
  return found.slice(0, looked).map(({ path }) => path);
}

function samplesOf(prefix: string): readonly string[] {
  return ['/', '/start/0123456789abcdef0123456789abcdef', '/complete', '/sign-out'].map((end) => prefix + end);
}

/** The first, and so longest, expression wins (ingress-nginx sorts locations by length). */
function shadowOf(host: string, on: readonly Standing[], prefix: string): Shadow | undefined {
  const ours = samplesOf(prefix);
  for (const { facts } of on) {
    for (const path of longPaths(facts, host, prefix)) {
      const test = startsWithTest(path);
      if (test !== undefined && ours.some((one) => test(one))) return { path, by: facts };
    }
  }
  return undefined;
}

function reportOpen(standing: Standing, name: string, host: Host, report: Report): void {
  const others = openOthers(standing, host);
  if (others === '') return;
  const text = `${name}: requests of this host pass unasked through ${others}: protect it too`;
  report.warn('HostPartlyOpen', 'spec.rules', text);
}

function reportShared({ facts }: Standing, name: string, { namespaces }: Host, report: Report): void {
  if (!holdsOther(namespaces, facts)) return;
  const text = `${name}: another namespace has this host too, and is sent the same cookies: give it a host of its own`;
  report.warn('HostShared', 'spec.rules', text);
}

function holdsOther(namespaces: ReadonlySet<string>, { ingress }: IngressFacts): boolean {
  return namespaces.size > Number(namespaces.has(ingress.ref.namespace));
}

function reportShadow({ facts }: Standing, name: string, { shadow, prefix }: Host, report: Report): void {
  if (shadow === undefined) return;
  const { namespace, name: other } = shadow.by.ingress.ref;
  const isOwn = namespace === facts.ingress.ref.namespace;
  const path = isOwn ? `${shadow.path} of ${namespace}/${other}` : 'a path of another namespace';
  const text = `${name}: its paths are regular expressions, and ${path} matches ${prefix} first: let it match less`;
  report.warn('SignInShadowed', 'spec.rules', text);
}

/** People who sign in at an app of another namespace would be sent here with what signs them in (case P27). */
function reportTaking({ facts }: Standing, name: string, host: Host, report: Report): void {
  const { prefix, expressions, wired } = host;
  if (!holdsOther(wired, facts)) return;
  const ours = samplesOf(prefix);
  const taking = longPaths(facts, name, prefix).find((path) => {
    if (isReserved({ host: name, path, type: 'PathPrefix' }, prefix)) return true;
    const test = expressions ? startsWithTest(path) : undefined;
    // What nobody can read may match everything.
    return expressions && (test === undefined || ours.some((one) => test(one)));
  });
  if (taking === undefined) return;
  const text = `${name}: ${taking.slice(0, 200)} takes the sign-in paths (${prefix}) of an app of another namespace: let it match less`;
  report.error('PathReserved', 'spec.rules', text);
}

/** What others on its hosts mean for a protected Ingress, and what any Ingress means for theirs. */
export function neighbourFindings(standing: Standing, neighbourhood: Neighbourhood): readonly Finding[] {
  const { facts, plan } = standing;
  if (facts.ours) return [];
  const report = createReport(facts.ingress.ref);
  const isProtected = plan !== undefined && plan.act !== 'Withdraw';
  for (const name of facts.hosts) {
    const host = neighbourhood(name);
    reportTaking(standing, name, host, report);
    if (!isProtected) continue;
    reportOpen(standing, name, host, report);
    reportShared(standing, name, host, report);
    reportShadow(standing, name, host, report);
  }
  return report.findings;
}
