import { accounts, machine } from './people.ts';
import { cache, hosts, inRoot, origin, policies } from './settings.ts';
import type { Ports } from './settings.ts';

export const caFile = `${cache}/certificates/ca.pem`;
export const programLog = `${cache}/cognito-gate.log`;

/** What `ready.json` says; tools read it, so its fields stay. */
export function readyFields(ports: Ports, ca: string): Readonly<Record<string, unknown>> {
  const local = (port: number): string => `http://127.0.0.1:${port}`;
  return {
    apps: { shop: origin(hosts.shop, ports.public.port), wiki: origin(hosts.wiki, ports.public.port) },
    signIn: origin(hosts.signIn, ports.public.port),
    ca,
    decisions: local(ports.decisions.port),
    operations: local(ports.operations.port),
    policies,
    accounts: accounts.map(({ username, password, groups }) => ({ username, password, groups })),
  };
}

export function readyFile(ports: Ports): string {
  return `${JSON.stringify(readyFields(ports, caFile), undefined, 2)}\n`;
}

export function accountLines(): string[] {
  const shown = (groups: readonly string[]): string => {
    if (groups.length === 0) return 'no group';
    return groups.length > 3 ? `${groups.slice(0, 1).join(', ')} and ${groups.length - 1} more` : groups.join(', ');
  };
  return accounts.map(
    ({ username, password, groups, about }) =>
      `  ${username.padEnd(5)} ${password.padEnd(10)} ${shown(groups).padEnd(20)} ${about}`,
  );
}

/** How to make a browser trust the demo's own CA. */
export function trustLines(file: string): string {
  const ca = inRoot(file);
  return `The certificates come from a CA that was made on this machine and is good for .localhost only. To trust it:

  Chromium, Chrome on Linux   (Debian: libnss3-tools; start the browser once before)
                              certutil -d sql:$HOME/.pki/nssdb -A -t C,, -n cognito-gate-demo -i ${ca}
  Firefox                     Settings > Certificates > View > Authorities > Import
  macOS                       security add-trusted-cert -r trustRoot -k ~/Library/Keychains/login.keychain-db ${ca}
  or accept the browser's warning, once for each of the four hosts (two apps, sign-in, ${hosts.cognito}).`;
}

/** A machine gets a token, and uses it: `curl` knows hosts under .localhost by itself. */
export function machineLines(ports: Ports, file: string): string {
  const { clientId, clientSecret, scope } = machine;
  const form = `-d grant_type=client_credentials -d scope=${scope}`;
  const token = `https://127.0.0.1:${ports.cognito.port}/oauth2/token`;
  return `A machine, a CI job say, asks for a token and sends it along; the policy of the shop lets it into /api and nowhere else:

  token=$(curl -s --cacert ${file} -u ${clientId}:${clientSecret} ${form} ${token} | sed 's/.*"access_token":"\\([^"]*\\).*/\\1/')
  curl --cacert ${file} -H "Authorization: Bearer $token" ${origin(hosts.shop, ports.public.port)}/api`;
}

/** Where the stand-in shows who is in which group. */
export function people(ports: Ports): string {
  return `${origin(hosts.cognito, ports.cognito.port)}/people`;
}

/** What a newcomer reads when all is up. */
export function announcement(ports: Ports): string {
  const shop = origin(hosts.shop, ports.public.port);
  const wiki = origin(hosts.wiki, ports.public.port);
  return `
cognito-gate demo is up. Open one of these, then the other:

  shop   ${shop}/     ${shop}/admin
  wiki   ${wiki}/     ${wiki}/admin

  Who you are there: /_cognito-gate/     Public: /healthz
  Without a session:  curl --cacert ${caFile} -i -H 'Accept: text/html' ${shop}/admin

Accounts (user name, password, groups):

${accountLines().join('\n')}

${machineLines(ports, caFile)}

${trustLines(caFile)}

Now edit a file in ${policies}/ and reload the page: it is in force within a second.
Or open the wiki as bob, take him out of staff at ${people(ports)}, and go on reading: 30 s later he is out.

  Metrics  http://127.0.0.1:${ports.operations.port}/metrics
  Log      ${programLog}

Ctrl-C stops everything.
`;
}
