import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from '../fuzz/connection.ts';
import type { WireAnswer } from '../fuzz/connection.ts';

export interface FloodInput {
  readonly port: number;
  readonly seconds: number;
  readonly connections: number;
  /** All together; absent: as fast as they are answered. */
  readonly perSecond?: number;
  readonly make: (count: number) => Buffer;
  readonly answered?: (answer: WireAnswer, count: number) => void;
}

export interface FloodResult {
  readonly sent: number;
  readonly perSecond: number;
  /** How often which status came. */
  readonly answers: ReadonlyMap<string, number>;
}

const patience = 30_000;

/** Asks over and over again from one address; the next question of a connection waits for the answer to its last. */
export async function flood(input: FloodInput): Promise<FloodResult> {
  const answers = new Map<string, number>();
  const started = performance.now();
  const end = started + input.seconds * 1000;
  let sent = 0;
  const behind = (): number =>
    input.perSecond === undefined ? 1 : ((performance.now() - started) / 1000) * input.perSecond - sent;
  const lane = async (): Promise<void> => {
    const connection = new Connection(() => net.connect(input.port, '127.0.0.1'), patience);
    while (performance.now() < end) {
      if (behind() < 1) {
        await sleep(1);
        continue;
      }
      const count = sent;
      sent += 1;
      const outcome = await connection.ask(input.make(count), { head: false, last: false });
      const key = outcome.kind === 'answered' ? String(outcome.answer.status) : outcome.kind;
      answers.set(key, (answers.get(key) ?? 0) + 1);
      if (outcome.kind === 'answered') input.answered?.(outcome.answer, count);
    }
    connection.close();
  };
  await Promise.all(Array.from({ length: input.connections }, lane));
  return { sent, perSecond: Math.round((sent / (performance.now() - started)) * 1000), answers };
}
