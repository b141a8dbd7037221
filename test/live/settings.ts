/** A real user pool as the environment names it. Nothing here is ever printed but the names of missing variables. */
export interface LiveSettings {
  readonly userPoolId: string;
  /** Both known forms where only the pool id was given (Cognito developer guide, "issuer"). */
  readonly issuers: readonly string[];
  readonly clientId: string;
  readonly clientSecret: string;
  /** Host name; a prefix was completed with the pool's region. */
  readonly domain: string;
  readonly username: string;
  readonly password: string;
  readonly redirectUri: string;
  readonly logoutUri: string;
  /** An app client of the client credentials grant, where there is one. */
  readonly machine: { readonly id: string; readonly secret: string; readonly scope: string } | undefined;
}

export type Environment = Readonly<Record<string, string | undefined>>;

const needed = ['LIVE_CLIENT_ID', 'LIVE_CLIENT_SECRET', 'LIVE_DOMAIN', 'LIVE_USERNAME', 'LIVE_PASSWORD'] as const;
const defaultRedirectUri = 'http://localhost:8089/oauth2/callback';

export function readSettings(env: Environment): LiveSettings | { readonly missing: readonly string[] } {
  const of = (name: string, otherwise = ''): string => env[name] ?? otherwise;
  const issuer = of('LIVE_ISSUER');
  const userPoolId = of('LIVE_USER_POOL_ID', issuer.split('/').at(-1));
  const missing = [
    ...(userPoolId === '' ? ['LIVE_ISSUER or LIVE_USER_POOL_ID'] : []),
    ...needed.filter((name) => of(name) === ''),
  ];
  if (missing.length > 0) return { missing };
  const region = userPoolId.split('_')[0] ?? '';
  const redirectUri = of('LIVE_REDIRECT_URI', defaultRedirectUri);
  const domain = of('LIVE_DOMAIN');
  return {
    userPoolId,
    issuers: issuer === '' ? bothForms(region, userPoolId) : [issuer],
    clientId: of('LIVE_CLIENT_ID'),
    clientSecret: of('LIVE_CLIENT_SECRET'),
    domain: /[.:]/.test(domain) ? domain : `${domain}.auth.${region}.amazoncognito.com`,
    username: of('LIVE_USERNAME'),
    password: of('LIVE_PASSWORD'),
    redirectUri,
    machine: machineOf(of),
    logoutUri: of('LIVE_LOGOUT_URI', new URL('/oauth2/signed-out', redirectUri).href),
  };
}

function machineOf(of: (name: string) => string): LiveSettings['machine'] {
  const id = of('LIVE_MACHINE_CLIENT_ID');
  return id === '' ? undefined : { id, secret: of('LIVE_MACHINE_CLIENT_SECRET'), scope: of('LIVE_MACHINE_SCOPE') };
}

function bothForms(region: string, userPoolId: string): readonly string[] {
  return ['cognito-idp', 'issuer-cognito-idp'].map((name) => `https://${name}.${region}.amazonaws.com/${userPoolId}`);
}
