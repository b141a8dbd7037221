/**
 * One encoding for everything an identity header carries: percent-encoded UTF-8 of every character other than ASCII
 * letters, digits and `-._~@:/+=!*'()&$`. What leaves is always a valid header value (RFC 9110 5.5), has no comma, and
 * any language's percent-decoding undoes it.
 */
export function encodeHeaderValue(value: string): string {
  if (/^[A-Za-z0-9\-._~@:/+=!*'()&$]*$/.test(value)) return value;
  return encodeURIComponent(value.toWellFormed()).replace(
    /%(?:40|3A|2F|2B|3D|26|24)/g,
    (escape) => kept.get(escape) ?? escape,
  );
}

const kept: ReadonlyMap<string, string> = new Map([...'@:/+=&$'].map((char) => [encodeURIComponent(char), char]));

/** Undoes `encodeHeaderValue`; a value that it can't have made comes back as it is. */
export function decodeHeaderValue(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
