import net from 'node:net';
import tls from 'node:tls';
import { stackHosts } from '../support/stack.ts';
import type { Stack } from '../support/stack.ts';
import { Connection } from './connection.ts';
import type { Outcome } from './connection.ts';
import { control, decisionInput } from './decision-inputs.ts';
import { Dice } from './dice.ts';
import { apiHost } from './genuine.ts';
import type { Genuine } from './genuine.ts';
import type { Input } from './input.ts';
import { judge } from './oracle.ts';
import { rawInput } from './raw-inputs.ts';
import { proxyInput, signInInput } from './sign-in-inputs.ts';

export interface Failure {
  readonly index: number;
  readonly why: string;
  readonly input: Input;
  readonly outcome: Outcome;
}

export interface Campaign {
  readonly seed: number;
  readonly from: number;
  readonly to: number;
  /** How many are under way at once. */
  readonly lanes: number;
  /** How long an answer may take, in milliseconds. */
  readonly patience: number;
  /** A 503 that says so is then in order. */
  readonly cognitoIsDown?: boolean;
  readonly failed: (failure: Failure) => void;
  /** Told after each; the slowest so far in milliseconds. */
  readonly done?: (index: number, slowest: number) => void;
}

/** Of so many inputs one has to pass. */
const controlEvery = 100;

/** The input of this number. */
export function inputOf(seed: number, index: number, genuine: Genuine): Input {
  if (index % controlEvery === 0) return control(genuine, index % (2 * controlEvery) === 0 ? 'session' : 'token');
  const dice = new Dice(seed, index);
  const roll = dice.int(100);
  if (roll < 50) return decisionInput(dice, genuine);
  if (roll < 80) return signInInput(dice, genuine);
  return roll < 90 ? proxyInput(dice, genuine) : rawInput(dice, genuine);
}

export const allowedHosts: ReadonlySet<string> = new Set([...Object.values(stackHosts), apiHost]);

/** Sends every input once. Resolves with the counts of what came back. */
export async function run(stack: Stack, genuine: Genuine, campaign: Campaign): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>();
  let next = campaign.from;
  let slowest = 0;
  const lane = async (): Promise<void> => {
    const ports = openPorts(stack, campaign.patience);
    while (next < campaign.to) {
      const index = next;
      next += 1;
      const input = inputOf(campaign.seed, index, genuine);
      const started = performance.now();
      const outcome = await ports[input.port].ask(input.bytes, { head: input.head, last: input.raw });
      slowest = Math.max(slowest, performance.now() - started);
      const key = `${input.kind} ${outcome.kind === 'answered' ? outcome.answer.status : outcome.kind}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
      const why = judge(input, outcome, { hosts: allowedHosts, cognitoIsDown: campaign.cognitoIsDown ?? false });
      if (why !== undefined) campaign.failed({ index, why, input, outcome });
      campaign.done?.(index, slowest);
    }
    for (const port of Object.values(ports)) port.close();
  };
  await Promise.all(Array.from({ length: campaign.lanes }, lane));
  return counts;
}

export function openPorts(stack: Stack, patience: number): Record<Input['port'], Connection> {
  const plain = (port: number): Connection => new Connection(() => net.connect(port, '127.0.0.1'), patience);
  const secured = new Connection(
    () => tls.connect({ host: '127.0.0.1', port: stack.port, servername: stackHosts.shop, ca: stack.ca }),
    patience,
  );
  return { decisions: plain(Number(new URL(stack.decisions).port)), signIn: plain(stack.signInPort), nginx: secured };
}
