import type { FailureCode } from '../model/failure-code.ts';
import { PoolFailure } from './failures.ts';

const mostBytes = 262_144;

/** GETs a JSON document of Cognito: 3 s, no redirects, bounded; failures say the status and never the body. */
export async function getJson(url: string, fetchIt: typeof fetch): Promise<unknown> {
  const signal = AbortSignal.timeout(3000);
  const response = await fetchIt(url, { signal, redirect: 'manual', headers: { accept: 'application/json' } });
  if (response.status !== 200) {
    await response.body?.cancel().catch(() => undefined);
    throw new PoolFailure(codeOf(response.status), `a document answered ${response.status}`);
  }
  const text = await readBounded(response);
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new PoolFailure('unavailable', 'a document is not JSON');
  }
}

function codeOf(status: number): FailureCode {
  if (status === 429) {
    return 'throttled';
  }
  return status >= 400 && status < 500 && status !== 408 ? 'misconfigured' : 'unavailable';
}

async function readBounded(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  const body: AsyncIterable<Uint8Array> | undefined = response.body ?? undefined;
  for await (const chunk of body ?? []) {
    bytes += chunk.length;
    if (bytes > mostBytes) {
      throw new PoolFailure('unavailable', 'a document is too large');
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
