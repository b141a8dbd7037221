/** What a plane's trusted witnesses and the client's own headers say about one request. */
export interface Request {
  /** Upper case as sent. */
  readonly method: string;
  /** Raw, starts with `/`, no query. */
  readonly path: string;
  /** Raw, without `?`; empty when there is none. */
  readonly query: string;
  /** As the plane knows it; undefined when the plane doesn't say. */
  readonly clientAddress: string | undefined;
  /** Raw Cookie header; undefined without one. */
  readonly cookie: string | undefined;
  readonly navigation: 'document' | 'form' | 'none';
  readonly webSocket: boolean;
  readonly origin: string | undefined;
  readonly preflight: boolean;
}
