/** What NGINX says about the request that is asked about; `accept` makes it a navigation. */
export function witness(host: string, path: string): Record<string, string> {
  return {
    'x-original-url': `https://${host}${path}`,
    'x-original-method': 'GET',
    accept: 'text/html',
  };
}
