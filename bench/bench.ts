/**
 * `make bench`: decisions per second of the real program beside the two peers of peers.ts, in one run.
 * The server under test has one core, wrk the other; rounds are interleaved, so that drift hits all alike.
 */
import { writeFileSync, mkdirSync } from 'node:fs';
import os from 'node:os';
import { goals, median, spread } from './figures.ts';
import { startGate, startPeer } from './servers.ts';
import type { Target } from './servers.ts';
import { tour } from './tour.ts';
import { wrk } from './wrk.ts';

const rounds = Number(process.env['ROUNDS'] ?? 3);
const duration = Number(process.env['SECONDS_EACH'] ?? 4);

const gate = await startGate();
const bare = await startPeer('bare', gate.headers);
const fastify = await startPeer('fastify', gate.headers);
const targets: readonly Target[] = [
  {
    name: 'bare node:http, same headers',
    url: bare.url,
    headers: { ...gate.witness('/'), ...gate.cookieHeader },
    pid: bare.pid,
  },
  {
    name: 'plain fastify route, same headers',
    url: fastify.url,
    headers: { ...gate.witness('/'), ...gate.cookieHeader },
    pid: fastify.pid,
  },
  {
    name: 'cognito-gate, warm cookie',
    url: gate.url,
    headers: { ...gate.witness('/'), ...gate.cookieHeader },
    pid: gate.pid,
  },
  { name: 'cognito-gate, public path', url: gate.url, headers: gate.witness('/healthz'), pid: gate.pid },
  { name: 'cognito-gate, refusal (no session)', url: gate.url, headers: gate.witness('/'), pid: gate.pid },
];
const runs = new Map<string, number[]>();
const p99 = new Map<string, number[]>();
for (const target of targets) await wrk(target, 1);
for (let round = 0; round < rounds; round += 1) {
  for (const target of targets) {
    const result = await wrk(target, duration);
    runs.set(target.name, [...(runs.get(target.name) ?? []), result.perSecond]);
    p99.set(target.name, [...(p99.get(target.name) ?? []), result.p99Milliseconds]);
  }
}
await Promise.all([gate.stop(), bare.stop(), fastify.stop()]);

const base = median(runs.get('bare node:http, same headers') ?? []);
const rows = targets.map(({ name }) => {
  const values = runs.get(name) ?? [];
  return {
    name,
    perSecond: Math.round(median(values)),
    ratio: median(values) / base,
    spread: spread(values),
    p99Milliseconds: median(p99.get(name) ?? []),
  };
});
console.log(
  `\n${os.cpus()[0]?.model ?? 'unknown CPU'}, ${os.cpus().length} cores, node ${process.version}; ${rounds} rounds of ${duration} s, 16 connections, server on core 0`,
);
console.log('\nrow                                   decisions/s   of bare   spread   p99 ms');
for (const row of rows) {
  console.log(
    `${row.name.padEnd(37)} ${String(row.perSecond).padStart(11)} ${row.ratio.toFixed(2).padStart(9)} ${`${Math.round(row.spread * 100)} %`.padStart(8)} ${row.p99Milliseconds.toFixed(2).padStart(8)}`,
  );
}
const visit = await tour();
console.log(`\nstart to ready, a folder of one policy: ${gate.startToReady.toFixed(2)} s`);
console.log(`start to ready, the demo: ${visit.startToReady.toFixed(2)} s`);
console.log(
  `resident memory after the demo's tour (${visit.signIns} sign-ins, ${visit.requests} requests): ${Math.round(visit.residentBytes / 1e6)} MB`,
);
const reached = goals(rows);
console.log(
  `\ngoal: warm cookie ≥ ${reached.goal} of bare: ${reached.value.toFixed(2)}, ${reached.met ? 'met' : 'NOT met'}`,
);
mkdirSync('.cache/bench', { recursive: true });
writeFileSync('.cache/bench/latest.json', `${JSON.stringify({ rows, goals: [reached] }, null, 2)}\n`);
