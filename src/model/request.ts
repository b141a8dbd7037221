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
  /** As the client sent it; undefined without one. */
  readonly authorization: string | undefined;
  /** Two `Authorization` headers came: nobody knows which one the app will read. */
  readonly authorizationTwice: boolean;
  readonly navigation: 'document' | 'form' | 'none';
  readonly webSocket: boolean;
  readonly origin: string | undefined;
  readonly preflight: boolean;
}
