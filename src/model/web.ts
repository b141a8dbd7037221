/** A request to the sign-in port, free of any HTTP library. */
export interface WebRequest {
  readonly method: string;
  /** Lower case, without port and trailing dot. */
  readonly host: string;
  /** Raw path. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** A header's value by lower-case name; undefined where it is missing. */
  readonly header: (name: string) => string | undefined;
  /** Form body; empty for other methods. */
  readonly form: URLSearchParams;
  /** Short id that pages show and log lines carry. */
  readonly id: string;
}

export interface WebResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Complete Set-Cookie values. */
  readonly cookies: readonly string[];
  readonly body: string;
}
