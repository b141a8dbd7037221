/** One answer of Cognito, or of whatever stood in its place. Messages never quote a response's body (case P27). */
export interface ProbeAnswer {
  readonly ok: boolean;
  /** Stable, in PascalCase: `Answered`, `RedirectMismatch`, `WrongDomain`, `Unreachable`, `IssuerMismatch`, ... */
  readonly reason: string;
  /** What was asked, what came, and how to mend it. */
  readonly message: string;
}

/** What a pool really answered when it was last asked. */
export interface PoolState {
  /** Seconds since the epoch. */
  readonly askedAt: number;
  /** The issuer that discovery pinned. */
  readonly issuer: string | undefined;
  readonly discovery: ProbeAnswer;
  readonly keys: ProbeAnswer;
  readonly authorize: ProbeAnswer;
  readonly logout: ProbeAnswer;
  readonly loginPages: 'Classic' | 'Managed' | 'Unknown';
}
