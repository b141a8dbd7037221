import { RE2JS } from 're2js';
import { programBound } from './expression-bound.ts';
import { expressionOf } from './expression.ts';

/** Paths of Ingresses are many, and mostly short. */
const maxBound = 500;

/**
 * A path of an ingress controller's regular-expression location (`location ~* "^<path>"`): matched at the start only,
 * in any case. Undefined where RE2 can't say what it matches, or only at length.
 */
export function startsWithTest(pattern: string): ((path: string) => boolean) | undefined {
  if (programBound(pattern) > maxBound) return undefined;
  const expression = expressionOf(pattern, RE2JS.CASE_INSENSITIVE);
  // PCRE knows more, lookaheads for instance.
  return 'compiled' in expression ? (path) => expression.compiled.matcher(path).lookingAt() : undefined;
}
