import { mkdir, readFile, writeFile } from 'node:fs/promises';
import type { Failure } from './campaign.ts';
import type { Input } from './input.ts';

/** All that it takes to send an input again: the bytes as they went, and the number that makes the like of it. */
export async function writeFailure(folder: string, seed: number, failure: Failure): Promise<string> {
  const { index, why, input, outcome } = failure;
  const { bytes, ...rest } = input;
  await mkdir(folder, { recursive: true });
  const file = `${folder}/failure-${seed}-${index}.json`;
  const content = { seed, index, why, input: { ...rest, bytes: bytes.toString('base64') }, outcome };
  await writeFile(file, `${JSON.stringify(content, undefined, 2)}\n`, { mode: 0o600 });
  return file;
}

export async function readFailure(
  file: string,
): Promise<{ readonly seed: number; readonly index: number; readonly input: Input }> {
  const { seed, index, input } = JSON.parse(await readFile(file, 'utf8')) as {
    readonly seed: number;
    readonly index: number;
    readonly input: Omit<Input, 'bytes'> & { readonly bytes: string };
  };
  return { seed, index, input: { ...input, bytes: Buffer.from(input.bytes, 'base64') } };
}
