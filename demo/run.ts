import { readFile, rm, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { assertPortFree } from '../test/support/ports.ts';
import { inRoot, readPorts } from './settings.ts';
import type { Ports } from './settings.ts';

/** Takes what ends a part; parts are ended in the reverse order of their start. */
export type OnStop = (stop: () => Promise<void> | void) => void;

export interface Started {
  /** Settles, with a sentence, when a part that must not end has ended. */
  readonly ended: Promise<string>;
  /** What tools read once all is up. */
  readonly readyFile: string;
  /** What a newcomer reads then. */
  readonly announcement: string;
}

/** What this demo has of its own. */
export interface Demo {
  /** Folder for all that it writes, relative to the root. */
  readonly cache: string;
  start(ports: Ports, onStop: OnStop): Promise<Started>;
}

/** Ctrl-C, a stop by another program, or a terminal that was closed; the second one ends at once. */
function untilSignal(): Promise<undefined> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => {
        process.once(signal, () => process.exit(1));
        resolve(undefined);
      });
    }
  });
}

/** Before anything is touched: another demo may be running. */
async function assertPortsFree(ports: Ports): Promise<void> {
  for (const { port, purpose, variable } of Object.values(ports)) await assertPortFree(port, purpose, variable);
}

/** On other ports, a demo of the same checkout would still take the keys and the secrets away from the one that runs. */
async function assertAlone(cache: string): Promise<void> {
  const text = await readFile(inRoot(`${cache}/ready.json`), 'utf8').catch(() => '');
  const operations = /"operations": "(http:[^"]+)"/.exec(text)?.[1];
  if (operations === undefined) return;
  const answer = await fetch(`${operations}/readyz`, { signal: AbortSignal.timeout(2000) }).catch(() => undefined);
  if (answer === undefined) return;
  throw new Error(
    `A demo of this checkout is running (${cache}/ready.json); stop it, or set DEMO_CACHE to another folder`,
  );
}

/** The sentence says which part ended by itself; undefined when a signal ended the demo. */
async function run({ cache, start }: Demo, ports: Ports, onStop: OnStop): Promise<string> {
  const readyPath = inRoot(`${cache}/ready.json`);
  const started = await start(ports, onStop);
  onStop(async () => await rm(readyPath, { force: true }));
  await writeFile(readyPath, started.readyFile);
  process.stdout.write(started.announcement);
  return await started.ended;
}

/** Runs until a signal or the end of a part; the exit code says which. */
export async function runDemo(demo: Demo): Promise<number> {
  // Ctrl-C ends a pager or `tee` as well; what can't be written any more must not keep the parts from being stopped.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  const signalled = untilSignal();
  const stops: (() => Promise<void> | void)[] = [];
  let problem: string | undefined;
  try {
    const ports = readPorts(process.env);
    await assertPortsFree(ports);
    await assertAlone(demo.cache);
    await rm(inRoot(`${demo.cache}/ready.json`), { force: true });
    problem = await Promise.race([signalled, run(demo, ports, (stop) => stops.push(stop))]);
  } catch (error) {
    problem = error instanceof Error ? error.message : String(error);
  }
  // Ctrl-C reaches the parts as well as us; one that ends a moment before we hear of it is no problem.
  if (problem !== undefined) problem = await Promise.race([signalled, sleep(300, problem)]);
  if (problem !== undefined) process.stderr.write(`demo: ${problem}\n`);
  else process.stdout.write('\ndemo: stopping\n');
  for (const stop of stops.toReversed()) {
    await Promise.resolve(stop()).catch((error: unknown) => process.stderr.write(`demo: ${String(error)}\n`));
  }
  return problem === undefined ? 0 : 1;
}
