/** The public addresses of ours, made from configuration and hosts of the table, never from what a client sends. */
export interface Origins {
  readonly signIn: string;
  readonly callback: string;
  readonly signedOut: string;
  /** `https://host`, with the public port where it isn't 443. */
  app(host: string): string;
  start(host: string, routeId: string, query: Readonly<Record<string, string>>): string;
  /** A page of ours on an app host. */
  own(host: string, path: string): string;
}

export function createOrigins(config: {
  readonly signInHost: string;
  readonly publicPort: number;
  readonly prefix: string;
}): Origins {
  const app = (host: string): string => `https://${host}${config.publicPort === 443 ? '' : `:${config.publicPort}`}`;
  const signIn = app(config.signInHost);
  return {
    signIn,
    callback: `${signIn}/oauth2/callback`,
    signedOut: `${signIn}/oauth2/signed-out`,
    app,
    start: (host, routeId, query) =>
      `${app(host)}${config.prefix}/start/${routeId}?${new URLSearchParams(query).toString()}`,
    own: (host, path) => `${app(host)}${config.prefix}${path}`,
  };
}
