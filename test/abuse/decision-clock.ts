/**
 * In a thread of its own: asks the decision port all the time, on kept and on new connections, and notes how long each
 * answer takes. It must not share its loop with whoever floods.
 */
import { request, Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';

export interface ClockInput {
  readonly port: number;
  readonly path: string;
  readonly url: string;
  readonly cookie: string;
}

export interface ClockReading {
  readonly count: number;
  /** Answers that were not as they have to be, by what they were. */
  readonly wrong: readonly string[];
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  readonly longest: number;
}

const kept = new Agent({ keepAlive: true, maxSockets: 1 });

function ask(input: ClockInput, known: boolean, agent: Agent | false): Promise<string> {
  return new Promise((resolve) => {
    const headers = {
      'X-Original-URL': input.url,
      'X-Original-Method': 'GET',
      ...(known ? { cookie: input.cookie } : {}),
    };
    const sent = request({ host: '127.0.0.1', port: input.port, path: input.path, agent, headers }, (response) => {
      response.resume();
      response.once('end', () => resolve(String(response.statusCode)));
    });
    sent.setTimeout(20_000, () => sent.destroy(new Error('no answer in 20 s')));
    sent.once('error', (error) => resolve(error.message));
    sent.end();
  });
}

function reading(times: readonly number[], wrong: readonly string[]): ClockReading {
  const sorted = times.toSorted((one, other) => one - other);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  return { count: times.length, wrong, p50: at(0.5), p99: at(0.99), longest: sorted.at(-1) ?? 0 };
}

const port = parentPort;
if (port !== null) {
  const input = workerData as ClockInput;
  let times: number[] = [];
  let wrong: string[] = [];
  port.on('message', () => {
    port.postMessage(reading(times, wrong));
    [times, wrong] = [[], []];
  });
  for (let turn = 0; ; turn += 1) {
    const known = turn % 2 === 0;
    const started = performance.now();
    const answer = await ask(input, known, turn % 4 < 2 && kept);
    times.push(performance.now() - started);
    if (answer !== (known ? '200' : '403')) wrong.push(answer);
    await sleep(1);
  }
}
