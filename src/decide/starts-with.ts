import { RE2JS } from 're2js';
import { expressionOf } from './expression.ts';

/**
 * A path of an ingress controller's regular-expression location (`location ~* "^<path>"`): matched at the start only,
 * in any case. Undefined where RE2 can't say what it matches, or only at length.
 */
export function startsWithTest(pattern: string): ((path: string) => boolean) | undefined {
  const expression = expressionOf(pattern, RE2JS.CASE_INSENSITIVE);
  // PCRE knows more, lookaheads for instance.
  return 'compiled' in expression ? (path) => expression.compiled.matcher(path).lookingAt() : undefined;
}
