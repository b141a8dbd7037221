import type { CompiledRoute, Table } from './decide/table.ts';
import type { Decided } from './http/decider.ts';
import type { Finding } from './model/finding.ts';
import type { Logger } from './telemetry/logger.ts';
import type { Verdict } from './model/verdict.ts';
import type { Metrics } from './telemetry/metrics.ts';
import type { Series } from './telemetry/tally.ts';

/** Counts a decision; a refusal gets its one log line. Nothing a client sends becomes a label (cases M2, T23.6). */
export function reportDecision(outcome: Decided, metrics: Metrics, log: Logger): void {
  const { route, verdict } = outcome;
  seriesOf(route, verdict, metrics).pending += 1;
  if (verdict.kind === 'allow' || !log.isLevelEnabled('info')) return;
  const { rule, reason } = verdict;
  log.info(
    {
      ...(route === undefined ? { route: outcome.unknownId } : nameRoute(route)),
      rule,
      reason,
      ...nameRequest(outcome),
    },
    'refused',
  );
}

/** Of each route in force, by reason: a decision finds its series without making a text of its labels. */
const seriesOfRoute = new WeakMap<CompiledRoute, Map<string, Series>>();

function seriesOf(route: CompiledRoute | undefined, verdict: Verdict, metrics: Metrics): Series {
  if (route === undefined) return decisionSeries(metrics, ['', ''], verdict);
  const known = seriesOfRoute.get(route)?.get(verdict.reason);
  return known ?? rememberSeries(route, verdict, metrics);
}

function rememberSeries(route: CompiledRoute, verdict: Verdict, metrics: Metrics): Series {
  const series = decisionSeries(metrics, [route.route.namespace, route.policy?.policy.name ?? ''], verdict);
  const ofRoute = seriesOfRoute.get(route) ?? new Map<string, Series>();
  seriesOfRoute.set(route, ofRoute.set(verdict.reason, series));
  return series;
}

function decisionSeries(metrics: Metrics, names: readonly [string, string], { kind, reason }: Verdict): Series {
  return metrics.series('cognito_gate_decisions_total', 'nginx', ...names, kind, reason);
}

function nameRoute({ route, policy }: CompiledRoute): Readonly<Record<string, string | undefined>> {
  return {
    route: route.id,
    object: `Ingress ${route.namespace}/${route.name}`,
    policy: policy === undefined ? undefined : nameOfPolicy(policy.policy),
  };
}

/** A ClusterAccessPolicy has no namespace. */
function nameOfPolicy({ namespace, name }: { namespace: string; name: string }): string {
  return namespace === '' ? name : `${namespace}/${name}`;
}

/** The path without its query: a query may hold what a log must not. */
function nameRequest({ request, status }: Decided): Readonly<Record<string, unknown>> {
  return { status, method: request?.method.slice(0, 20), path: request?.path.slice(0, 200) };
}

/** Gauges of a new table; where table or findings differ from the last ones, each finding gets a log line. */
export function reportTable(
  table: Table,
  findings: readonly Finding[],
  to: { metrics: Metrics; log: Logger; changed: boolean },
): void {
  const { metrics, log } = to;
  const broken = [...table.allRoutes()].filter((route) => route.policy === undefined).length;
  metrics.set('cognito_gate_table_routes', table.size);
  metrics.set('cognito_gate_table_broken_routes', broken);
  metrics.set('cognito_gate_revocations', table.revocations);
  metrics.reset('cognito_gate_findings');
  const counts = Map.groupBy(findings, (finding) => `${finding.severity} ${finding.reason}`);
  for (const [key, list] of counts) {
    const [severity = '', reason = ''] = key.split(' ');
    metrics.set('cognito_gate_findings', list.length, severity, reason);
  }
  if (!to.changed) return;
  log.info({ table: table.hash.slice(0, 12), routes: table.size, broken, findings: findings.length }, 'table in force');
  for (const finding of findings) logFinding(finding, log);
}

export function logFinding(finding: Finding, log: Logger): void {
  const { kind, namespace, name } = finding.object;
  const object = namespace === '' ? `${kind} ${name}` : `${kind} ${namespace}/${name}`;
  const line = { object, field: finding.field, reason: finding.reason };
  if (finding.severity === 'error') log.error(line, finding.message);
  else log.warn(line, finding.message);
}
