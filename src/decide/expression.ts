import { RE2JS } from 're2js';
import { programBound } from './expression-bound.ts';

/** Memory and time of a match grow with it (a path of 8 kB: 400 ms at 4,000, which everybody waits for; some 60 here). */
const maxProgram = 1_500;

/** The bound is not exact, so that what may still fit is compiled. */
const maxBound = 4 * maxProgram;

export type Expression = { readonly compiled: RE2JS; readonly size: number } | { readonly wrong: string };

const tooLarge = { wrong: 'the regular expression is too large: use smaller repetition counts' };

function compile(pattern: string, flags: number): Expression {
  if (programBound(pattern) > maxBound) return tooLarge;
  try {
    const compiled = RE2JS.compile(pattern, flags);
    const size = compiled.programSize();
    return size <= maxProgram ? { compiled, size } : tooLarge;
  } catch (error) {
    return { wrong: error instanceof Error ? error.message : String(error) };
  }
}

/** Snapshots follow each other with mostly the same expressions: each is compiled once. Bounded by what it holds. */
const known = new Map<string, Expression>();
const most = { size: 200_000, count: 20_000 };
let held = 0;

function sizeOf(expression: Expression): number {
  return 'size' in expression ? expression.size : 1;
}

/** An expression of RE2, ready to match; or what is wrong with it. */
export function expressionOf(pattern: string, flags = 0): Expression {
  const key = `${String(flags)} ${pattern}`;
  const earlier = known.get(key);
  if (earlier !== undefined) return earlier;
  const expression = compile(pattern, flags);
  known.set(key, expression);
  held += sizeOf(expression);
  for (const [oldest, value] of known) {
    if (held <= most.size && known.size <= most.count) break;
    known.delete(oldest);
    held -= sizeOf(value);
  }
  return expression;
}
