import { RE2JS } from 're2js';

/**
 * A path of an ingress controller's regular-expression location (`location ~* "^<path>"`): matched at the start only,
 * in any case. Undefined where RE2 can't say what it matches.
 */
export function startsWithTest(pattern: string): ((path: string) => boolean) | undefined {
  try {
    const compiled = RE2JS.compile(pattern, RE2JS.CASE_INSENSITIVE);
    return (path) => compiled.matcher(path).lookingAt();
  } catch {
    // RE2JSSyntaxException: PCRE knows more, lookaheads for instance.
    return undefined;
  }
}
