import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inspectorLine } from '../support/heap.ts';
import type { Stack } from '../support/stack.ts';
import type { Genuine } from './genuine.ts';

/** How many series the metrics have; a client must not be able to add any (M2). */
export async function seriesCount(stack: Stack): Promise<number> {
  return (await stack.metrics()).split('\n').filter((line) => line !== '' && !line.startsWith('#')).length;
}

/** Codes that the program has redeemed: nothing that is invented or mangled gets so far (L2 to L4). */
export async function codesRedeemed(stack: Stack): Promise<number> {
  const metrics = await stack.metrics();
  const lines = metrics.matchAll(/^cognito_gate_token_requests_total\{[^}]*grant="(?!refresh|revo)[^}]*\} (\d+)/gm);
  return [...lines].reduce((sum, [, value]) => sum + Number(value), 0);
}

/** How often the program refused for which reason: what the noise has reached. */
export async function reasonsReached(stack: Stack): Promise<ReadonlyMap<string, number>> {
  const reasons = new Map<string, number>();
  for (const [, reason = '', value] of (await stack.metrics()).matchAll(
    /^cognito_gate_decisions_total\{[^}]*reason="([^"]*)"[^}]*\} (\d+)/gm,
  )) {
    reasons.set(reason, (reasons.get(reason) ?? 0) + Number(value));
  }
  return reasons;
}

/** What is wrong with the log: lines that are no JSON, and secrets. Values are never repeated. */
export async function wrongInLog(stack: Stack, genuine: Genuine): Promise<readonly string[]> {
  const wrong: string[] = [];
  const log = await stack.log();
  for (const [at, line] of log.trimEnd().split('\n').entries()) {
    if (inspectorLine.test(line)) continue;
    if (!isObject(line)) wrong.push(`line ${at + 1} of the log is no JSON object`);
  }
  const client = await readFile(join(stack.folder, 'secrets/identity/client/clientSecret'), 'utf8');
  const ring = await readFile(join(stack.folder, 'secrets/identity/key-ring/k1'), 'utf8');
  const secrets: Record<string, readonly string[]> = {
    'a cookie': genuine.cookies.map(([, value]) => value).filter((value) => value.length > 20),
    'a request, grant or state': [...genuine.requests, ...genuine.grants, ...genuine.states],
    'a token': genuine.tokens,
    'the client secret or a key': [client, ring],
  };
  for (const [what, values] of Object.entries(secrets)) {
    if (values.some((value) => log.includes(value))) wrong.push(`${what} is in the log`);
  }
  return wrong;
}

function isObject(line: string): boolean {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null;
  } catch {
    return false;
  }
}
