/** "127.0.0.1:8080", "[::]:8080" → what a server listens with. */
export function addressOf(address: string): { readonly host: string; readonly port: number; readonly backlog: number } {
  const colon = address.lastIndexOf(':');
  const host = address.slice(0, colon).replace(/^\[|\]$/g, '');
  // NGINX opens a connection for each check: the backlog must take a burst of them (dataplanes.md 5).
  return { host, port: Number(address.slice(colon + 1)), backlog: 4096 };
}
