import tls from 'node:tls';
import { EnvHttpProxyAgent, fetch as undiciFetch } from 'undici';

/** To one host. Callbacks that wait for Cognito must not use up the files that connections to us need. */
const connectionsToAHost = 128;

/**
 * `fetch` for calls to Cognito: through `HTTPS_PROXY` unless `NO_PROXY` names the host, trusting `extraCa`
 * (PEM) beside the system's certificates, on kept connections.
 */
export function createOutboundFetch(options: { extraCa: string | undefined; env: NodeJS.ProcessEnv }): typeof fetch {
  const ca = options.extraCa === undefined ? undefined : [...tls.getCACertificates('default'), options.extraCa];
  const trust = ca === undefined ? {} : { ca };
  const { env } = options;
  const httpsProxy = env['HTTPS_PROXY'] ?? env['https_proxy'];
  const httpProxy = env['HTTP_PROXY'] ?? env['http_proxy'];
  const noProxy = env['NO_PROXY'] ?? env['no_proxy'];
  const dispatcher = new EnvHttpProxyAgent({
    ...(httpsProxy === undefined ? {} : { httpsProxy }),
    ...(httpProxy === undefined ? {} : { httpProxy }),
    ...(noProxy === undefined ? {} : { noProxy }),
    connections: connectionsToAHost,
    connect: { timeout: 3000, ...trust },
    requestTls: trust,
    proxyTls: trust,
  });
  // undici's own fetch, because node's takes no dispatcher of another undici; the two types differ in name only.
  const outbound = (input: unknown, init?: unknown): unknown =>
    undiciFetch(input as Parameters<typeof undiciFetch>[0], {
      ...(init as Parameters<typeof undiciFetch>[1]),
      dispatcher,
    });
  return outbound as typeof fetch;
}
