import { Counter, Gauge, Registry, collectDefaultMetrics } from 'prom-client';
import { CounterTally, HistogramTally } from './tally.ts';
import type { Series } from './tally.ts';

/** One metric as it is documented; docs/reference/metrics.md is made from this list. */
export interface MetricDescription {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly labels: readonly string[];
  readonly buckets?: readonly number[];
}

const decisionSeconds = {
  name: 'cognito_gate_decision_seconds',
  type: 'histogram',
  help: 'Time from the headers of a decision request to its answer, in seconds.',
  labels: ['plane'],
  buckets: [0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1, 2.5],
} as const satisfies MetricDescription;

/**
 * Every metric of ours. No label value comes from a client: namespaces, policies and pools are those of
 * objects in force, outcomes, reasons and grants are closed lists (cases M2, T23.6).
 */
export const metricList = [
  {
    name: 'cognito_gate_decisions_total',
    type: 'counter',
    help: 'Decisions by plane, policy, outcome and reason.',
    labels: ['plane', 'namespace', 'policy', 'outcome', 'reason'],
  },
  {
    name: 'cognito_gate_audit_decisions_total',
    type: 'counter',
    help: 'What Audit policies would have decided.',
    labels: ['namespace', 'policy', 'outcome', 'reason'],
  },
  decisionSeconds,
  {
    name: 'cognito_gate_sign_ins_total',
    type: 'counter',
    help: 'Sign-in steps that ended, by pool and outcome.',
    labels: ['pool', 'outcome'],
  },
  {
    name: 'cognito_gate_token_requests_total',
    type: 'counter',
    help: 'Requests to the token and revocation endpoints of Cognito.',
    labels: ['pool', 'grant', 'outcome'],
  },
  {
    name: 'cognito_gate_refreshes_total',
    type: 'counter',
    help: 'Refreshes of sign-ins by pool and outcome; `limited`: not asked for, because too many wait.',
    labels: ['pool', 'outcome'],
  },
  {
    name: 'cognito_gate_refreshes_waiting',
    type: 'gauge',
    help: 'Refreshes that wait for their turn under the limit.',
    labels: [],
  },
  {
    name: 'cognito_gate_refreshes_paused',
    type: 'gauge',
    help: 'Whether refreshes at a pool pause (1) because Cognito does not answer them.',
    labels: ['pool'],
  },
  {
    name: 'cognito_gate_known_sign_ins',
    type: 'gauge',
    help: 'Sign-ins of which this replica knows something newer than their cookies.',
    labels: [],
  },
  {
    name: 'cognito_gate_ended_sign_ins',
    type: 'gauge',
    help: 'Sign-ins that ended before their time and are still remembered.',
    labels: [],
  },
  {
    name: 'cognito_gate_ended_sign_ins_dropped_total',
    type: 'counter',
    help: 'Ended sign-ins that were forgotten, or told to no other replica, before they were over: there were too many.',
    labels: [],
  },
  { name: 'cognito_gate_revocations', type: 'gauge', help: 'SessionRevocations in force.', labels: [] },
  {
    name: 'cognito_gate_store_requests_total',
    type: 'counter',
    help: 'Requests to the session store by operation and outcome.',
    labels: ['operation', 'outcome'],
  },
  {
    name: 'cognito_gate_store_reachable',
    type: 'gauge',
    help: 'Whether the session store answers (1); absent with the cookie store.',
    labels: [],
  },
  {
    name: 'cognito_gate_bearer_tokens_total',
    type: 'counter',
    help: 'Access tokens of our pools that came as bearers, by outcome; `known`: verified before.',
    labels: ['outcome'],
  },
  {
    name: 'cognito_gate_key_ring_keys',
    type: 'gauge',
    help: 'Keys of the key ring in force.',
    labels: [],
  },
  {
    name: 'cognito_gate_sealing_key_age_seconds',
    type: 'gauge',
    help: 'Age of the key that seals.',
    labels: [],
  },
  {
    name: 'cognito_gate_key_set_age_seconds',
    type: 'gauge',
    help: 'Seconds since the signing keys of a pool were last read; absent before the first time.',
    labels: ['pool'],
  },
  {
    name: 'cognito_gate_pool_answers',
    type: 'gauge',
    help: 'Whether a pool answered as it should (1) when the leader last asked for discovery, keys, authorize, logout.',
    labels: ['pool', 'asked'],
  },
  { name: 'cognito_gate_table_routes', type: 'gauge', help: 'Routes in the table in force.', labels: [] },
  {
    name: 'cognito_gate_table_broken_routes',
    type: 'gauge',
    help: 'Routes that refuse because their policy cannot be read.',
    labels: [],
  },
  {
    name: 'cognito_gate_table_age_seconds',
    type: 'gauge',
    help: 'Seconds since the table in force was made.',
    labels: [],
  },
  {
    name: 'cognito_gate_findings',
    type: 'gauge',
    help: 'Findings of the table in force.',
    labels: ['severity', 'reason'],
  },
  {
    name: 'cognito_gate_source_errors_total',
    type: 'counter',
    help: 'Times objects, secrets or key ring could not be read; what was in force stayed.',
    labels: [],
  },
  {
    name: 'cognito_gate_source_broken',
    type: 'gauge',
    help: 'Whether objects, secrets or key ring cannot be read (1) and the last good ones are in force.',
    labels: [],
  },
  {
    name: 'cognito_gate_ingress_unprotected',
    type: 'gauge',
    help: 'Ingresses that are marked and that requests reach all the same, by namespace and reason.',
    labels: ['namespace', 'reason'],
  },
  {
    name: 'cognito_gate_app_open',
    type: 'gauge',
    help: 'Protected Ingresses (1) that answered 2xx to a request without a cookie when the leader asked last; only with `probeApps`.',
    labels: ['namespace', 'ingress'],
  },
  {
    name: 'cognito_gate_bypassed_namespaces',
    type: 'gauge',
    help: 'Namespaces with the bypass label: nothing in them is wired or mended.',
    labels: [],
  },
  { name: 'cognito_gate_leading', type: 'gauge', help: 'Whether this replica writes to the cluster (1).', labels: [] },
  { name: 'cognito_gate_replicas', type: 'gauge', help: 'Replicas that this one knows to be alive.', labels: [] },
  {
    name: 'cognito_gate_writes_total',
    type: 'counter',
    help: 'Writes of the leader to the API server, by kind of object and outcome.',
    labels: ['kind', 'outcome'],
  },
  {
    name: 'cognito_gate_watch_errors_total',
    type: 'counter',
    help: 'Lists and watches that failed; what was seen last stays in force.',
    labels: ['resource'],
  },
  {
    name: 'cognito_gate_watch_silence_seconds',
    type: 'gauge',
    help: 'Seconds since anything came from the watch of a collection; bookmarks come about once a minute.',
    labels: ['resource'],
  },
  {
    name: 'cognito_gate_admission_requests_total',
    type: 'counter',
    help: 'Admission reviews, by webhook and outcome.',
    labels: ['webhook', 'outcome'],
  },
  {
    name: 'cognito_gate_serving_certificate_expiry_seconds',
    type: 'gauge',
    help: 'Seconds until the certificate of the admission webhook expires.',
    labels: [],
  },
  { name: 'cognito_gate_start_to_ready_seconds', type: 'gauge', help: 'Time from process start to ready.', labels: [] },
] as const satisfies readonly MetricDescription[];

export type MetricName = (typeof metricList)[number]['name'];

export interface Metrics {
  readonly registry: Registry;
  count(name: MetricName, ...labels: readonly string[]): void;
  /** One series of a counter, for who counts at every decision. */
  series(name: MetricName, ...labels: readonly string[]): Series;
  set(name: MetricName, value: number, ...labels: readonly string[]): void;
  /** Removes every series of a gauge, before its present ones are set. */
  reset(name: MetricName): void;
  /** One decision behind NGINX took so long. */
  observeDecision(seconds: number): void;
  /** `fill` runs before each scrape. */
  onScrape(fill: () => void): void;
  text(): Promise<string>;
}

const descriptions: readonly MetricDescription[] = metricList;

export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const counters = new Map<string, CounterTally>();
  const gauges = new Map<string, Gauge>();
  for (const { name, type, help, labels } of descriptions) {
    const options = { name, help, labelNames: [...labels], registers: [registry] };
    if (type === 'counter') counters.set(name, new CounterTally(new Counter(options)));
    else if (type === 'gauge') gauges.set(name, new Gauge(options));
  }
  const decision = new HistogramTally({ ...decisionSeconds, label: 'plane', value: 'nginx' }, registry);
  const fills: (() => void)[] = [];
  return {
    registry,
    count: (name, ...labels) => {
      const series = counters.get(name)?.series(labels);
      if (series !== undefined) series.pending += 1;
    },
    series: (name, ...labels) => counters.get(name)?.series(labels) ?? { labels, pending: 0 },
    set: (name, value, ...labels) =>
      gauges
        .get(name)
        ?.labels(...labels)
        .set(value),
    reset: (name) => gauges.get(name)?.reset(),
    observeDecision: (seconds) => decision.observe(seconds),
    onScrape: (fill) => void fills.push(fill),
    text: () => {
      for (const fill of fills) fill();
      for (const counter of counters.values()) counter.flush();
      return registry.metrics();
    },
  };
}
