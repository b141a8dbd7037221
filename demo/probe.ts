import { setTimeout as sleep } from 'node:timers/promises';
import { ask } from '../test/support/request.ts';
import type { AskInput } from '../test/support/request.ts';
import { hosts, origin } from './settings.ts';
import type { Ports } from './settings.ts';

/** What stops us from waiting longer, in a sentence. */
export type GaveUp = () => string | undefined;

async function statusOf(address: string, input: AskInput): Promise<number | undefined> {
  return await ask(address, input).then(
    (answer) => answer.status,
    () => undefined,
  );
}

async function waitFor(
  address: string,
  input: AskInput,
  good: (status: number) => boolean,
  gaveUp: GaveUp,
): Promise<void> {
  const end = Date.now() + 30_000;
  for (;;) {
    const status = await statusOf(address, input);
    if (status !== undefined && good(status)) return;
    const reason = gaveUp();
    if (reason !== undefined) throw new Error(reason);
    if (Date.now() > end)
      throw new Error(`${address} does not answer as it should after 30 s (${status ?? 'no answer'})`);
    await sleep(50);
  }
}

export async function programReady(ports: Ports, gaveUp: GaveUp): Promise<void> {
  await waitFor(`http://127.0.0.1:${ports.operations.port}/readyz`, {}, (status) => status === 200, gaveUp);
}

/**
 * The whole way, through NGINX: a question to the program, an answer for the browser. A policy that the reader has
 * broken refuses (403), which is no reason not to start.
 */
export async function appsReady(ports: Ports, ca: string, gaveUp: GaveUp): Promise<void> {
  const answered = (status: number): boolean => status < 500 && status !== 404;
  for (const host of [hosts.shop, hosts.wiki]) {
    const input = { ca, headers: { accept: 'text/html' } };
    await waitFor(`${origin(host, ports.public.port)}/`, input, answered, gaveUp);
    await waitFor(`${origin(host, ports.public.port)}/healthz`, input, answered, gaveUp);
  }
  const signIn = `${origin(hosts.signIn, ports.public.port)}/oauth2/callback`;
  await waitFor(signIn, { ca }, (status) => status < 500, gaveUp);
}
