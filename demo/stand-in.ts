import { readFile } from 'node:fs/promises';
import type { CertificateAuthority } from '../test/support/certificates.ts';
import { startCognito } from '../test/support/cognito/cognito.ts';
import type { Cognito } from '../test/support/cognito/types.ts';
import { machine, users } from './people.ts';
import type { OnStop } from './run.ts';
import { hosts, origin } from './settings.ts';
import type { Ports } from './settings.ts';

/** Cognito, as far as this needs it: on this machine, with the demo's people. */
export async function startStandIn(
  ports: Ports,
  authority: CertificateAuthority,
  clientSecret: string,
  onStop: OnStop,
): Promise<Cognito> {
  const files = await authority.issue('cognito', [hosts.cognito, '127.0.0.1']);
  const signIn = origin(hosts.signIn, ports.public.port);
  const cognito = await startCognito({
    poolId: 'eu-west-1_DemoPool1',
    port: ports.cognito.port,
    host: hosts.cognito,
    issuerHost: '127.0.0.1',
    tls: { cert: await readFile(files.cert, 'utf8'), key: await readFile(files.key, 'utf8') },
    users,
    peoplePage: true,
    clients: [
      {
        clientId: '1demo23456789',
        clientSecret,
        redirectUris: [`${signIn}/oauth2/callback`],
        logoutUris: [`${signIn}/oauth2/signed-out`],
      },
      {
        clientId: machine.clientId,
        clientSecret: machine.clientSecret,
        redirectUris: [],
        logoutUris: [],
        machineScopes: [machine.scope],
      },
    ],
  });
  onStop(async () => await cognito.close());
  return cognito;
}
