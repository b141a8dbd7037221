/** make abuse: what attackers can do to one process, and what decisions feel of it meanwhile. ABUSE_SECONDS for each flood. */
import { availableParallelism } from 'node:os';
import { openFilesAllowed } from '../src/http/server.ts';
import { attacks } from '../test/abuse/attacks.ts';
import { startWatched } from '../test/abuse/watched.ts';

const seconds = Number(process.env['ABUSE_SECONDS'] ?? 5);
const files = openFilesAllowed();
/** Both ends of a connection are ours, and NGINX, the stand-in and the clock need some too. */
const idle = Math.min(10_000, Math.floor(files * 0.7));
const scale = { seconds, connections: 64, slow: Math.min(2000, idle), idle };
const only = process.env['ABUSE_ONLY'] ?? '';

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const mebibytes = (bytes: number): string => `${Math.round(bytes / 1_048_576)}`;

say(
  `${availableParallelism()} processors for all, node ${process.version}, ${files} open files allowed${idle < 10_000 ? `: ${idle} idle connections instead of 10,000` : ''}\n`,
);
say('| attack | what was done, and answered | decisions | p50 ms | p99 ms | longest ms | heap MiB | resident MiB |');
say('| --- | --- | --- | --- | --- | --- | --- | --- |');
const watched = await startWatched();
let failed = false;
for (const attack of attacks.filter(({ name }) => name.includes(only))) {
  await watched.decisions();
  const words = await attack.run(watched, scale);
  const { count, wrong, p50, p99, longest } = await watched.decisions();
  const times = [p50, p99, longest].map((time) => time.toFixed(1)).join(' | ');
  const wrongs = wrong.length === 0 ? '' : `, ${wrong.length} WRONG (${[...new Set(wrong)].join(', ')})`;
  failed ||= wrong.length > 0;
  const memory = `${mebibytes(await watched.heap())} | ${mebibytes(await watched.resident())}`;
  say(`| ${attack.name} | ${words} | ${count}${wrongs} | ${times} | ${memory} |`);
}
await watched.stop();
process.exit(failed ? 1 : 0);
