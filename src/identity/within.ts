import { PoolFailure } from './failures.ts';

/** Discovery and keys may have to be read as well: the sum is bounded too. */
export async function within<T>(seconds: number, run: () => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new PoolFailure('timeout', `no answer within ${seconds} s`)), seconds * 1000);
  });
  try {
    return await Promise.race([run(), late]);
  } finally {
    clearTimeout(timer);
  }
}
