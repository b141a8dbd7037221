import { request } from 'node:https';

export interface AppAddress {
  /** Of the proxy: a name and a port. */
  readonly proxy: string;
  readonly host: string;
  readonly port: number;
  readonly path: string;
}

/**
 * What a stranger is answered who asks the proxy for a page of a host. The proxy's address is fixed, because hosts are
 * written by tenants (P27), and nothing of the answer is kept but its kind. No secret is sent, so whose certificate it is
 * doesn't matter: an app that is open behind the wrong certificate is open.
 */
export function probeApp({ proxy, host, port, path }: AppAddress): Promise<'open' | 'closed' | 'unclear'> {
  const [, name = proxy, to = '443'] = /^\[?(.*?)\]?:(\d+)$/.exec(proxy) ?? [];
  const headers = {
    host: port === 443 ? host : `${host}:${port}`,
    accept: '*/*',
    'user-agent': 'cognito-gate-probe',
    'sec-fetch-mode': 'cors',
    'sec-fetch-dest': 'empty',
  };
  return new Promise((resolve) => {
    const options = { host: name, port: Number(to), servername: host, path, headers, agent: false };
    const call = request(
      { ...options, rejectUnauthorized: false, signal: AbortSignal.timeout(5000) },
      ({ statusCode = 0 }) => {
        resolve(kindOf(statusCode));
        call.destroy();
      },
    );
    call.on('error', () => resolve('unclear'));
    call.end();
  });
}

function kindOf(status: number): 'open' | 'closed' | 'unclear' {
  if (status >= 200 && status < 300) return 'open';
  return status === 401 || status === 403 ? 'closed' : 'unclear';
}
