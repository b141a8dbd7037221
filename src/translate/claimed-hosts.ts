import type { Finding } from '../model/finding.ts';
import { nginxPrefix } from './ingress-facts.ts';
import type { IngressFacts } from './ingress-facts.ts';
import type { Neighbourhood } from './neighbours.ts';
import type { Standing } from './plans.ts';
import { createReport } from './report.ts';

const wayOut = 'give it a host of its own, or let whoever installed cognito-gate set sharedHosts: Allow';

function aliasesOf({ annotations }: IngressFacts): readonly string[] {
  const aliases = (annotations.get(`${nginxPrefix}server-alias`) ?? '').split(',');
  return aliases.map((alias) => alias.trim().toLowerCase()).filter((alias) => alias !== '');
}

/**
 * Who serves any path of a host is sent the sessions of all of it, and a script from there may ask for every other path
 * (case P27). So where one of two is protected, a host is for one namespace. Of an Ingress that is asked about: what
 * stands already is only told of (`HostShared` as a warning). It never says whose the host is (case P24).
 */
export function claimFindings({ facts, plan }: Standing, neighbourhood: Neighbourhood): readonly Finding[] {
  if (facts.ours) return [];
  const report = createReport(facts.ingress.ref);
  const { namespace } = facts.ingress.ref;
  const isProtected = plan?.act === 'Wire';
  const aliases = aliasesOf(facts);
  const isForeign = (name: string): boolean => {
    const { all, wired } = neighbourhood(name);
    if (wired.values().some((other) => other !== namespace)) return true;
    return isProtected && all.some((other) => other.facts.ingress.ref.namespace !== namespace);
  };
  for (const name of [...facts.hosts, ...aliases]) {
    if (!isForeign(name)) continue;
    const text = `${name}: another namespace has this host, and whoever serves a path of it is sent what signs its people in: ${wayOut}`;
    report.error('HostShared', 'spec.rules', text);
  }
  const pattern = aliases.find((alias) => alias.startsWith('~'));
  if (pattern !== undefined) {
    const text = `${pattern.slice(0, 200)} may take hosts of other namespaces: name the hosts, or let whoever installed cognito-gate set sharedHosts: Allow`;
    report.error('HostShared', `metadata.annotations[${nginxPrefix}server-alias]`, text);
  }
  return report.findings;
}
