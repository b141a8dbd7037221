/** Limits of cookies, sealed texts and caches. Sizes in characters (all ASCII, so bytes), times in seconds. */
export const limits = {
  /** A session: URLs and NGINX's buffers bound it. */
  sealedSession: 2800,
  /** A grant: a session and what it is for. It is split over a path of 1,000 bytes and a query of 2,000 (AWS WAF). */
  sealedGrant: 2890,
  /** Session and sign-in cookies, name and `=` included; browsers stop at 4,096 with attributes. */
  cookie: 3600,
  /** A sealed text that is longer is not looked at. */
  sealedText: 4096,
  /** A sealed record of the store: packed JSON has at most 64 KiB, and base64url makes a third more of it. */
  sealedRecord: 100_000,
  /** All cookies of ours on one host, names included. */
  cookiesOnHost: 6000,
  /** An attempt without its return path. */
  attempt: 300,
  returnPath: 1000,
  /** Request and grant carry the return path only up to here. */
  carriedReturnPath: 200,
  attempts: 2000,
  attemptSeconds: 3600,
  grantSeconds: 60,
  requestSeconds: 600,
  loopSeconds: 30,
  returnSeconds: 300,
  renewEverySeconds: 300,
  /** How long an ended sid is remembered when nobody says: the longest life that a sign-in may have. */
  endedSeconds: 30 * 86_400,
  /** Ended sids that one replica tells the others, in a ConfigMap of at most 1 MiB. */
  endedEntries: 20_000,
  endedCharacters: 800_000,
  /** Ended sids that one replica knows of, its own and the others'. */
  endedRemembered: 200_000,
  /** Of a Cookie header; a longer one holds no cookie of ours. */
  cookieHeader: 65_536,
  /** Cookies of ours that are kept out of one header, and values of one name. */
  cookiesRead: 64,
  valuesOfName: 4,
  unpackedBytes: 65_536,
  openedEntries: 20_000,
  openedBytes: 64 * 1_048_576,
  failedEntries: 2000,
  failedBytes: 4 * 1_048_576,
  seenSids: 100_000,
  usedOnce: 200_000,
  sealKeyDelaySeconds: 120,
} as const;

export type Limits = { readonly [Name in keyof typeof limits]: number };
