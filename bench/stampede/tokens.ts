import { createHash, randomBytes } from 'node:crypto';
import type { Cognito, CognitoClient, CognitoUser } from '../../test/support/cognito/types.ts';

/** A refresh token of everybody, each out of a sign-in of its own at the stand-in. */
export async function refreshTokens(
  cognito: Cognito,
  client: CognitoClient,
  users: readonly CognitoUser[],
): Promise<ReadonlyMap<string, string>> {
  const tokens = new Map<string, string>();
  const queue = [...users];
  const work = async (): Promise<void> => {
    for (let user = queue.pop(); user !== undefined; user = queue.pop()) {
      tokens.set(user.username, await signIn(cognito, client, user));
    }
  };
  await Promise.all([work(), work(), work(), work()]);
  return tokens;
}

async function signIn(cognito: Cognito, client: CognitoClient, user: CognitoUser): Promise<string> {
  const verifier = randomBytes(32).toString('base64url');
  const redirectUri = client.redirectUris[0] ?? '';
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: client.clientId,
    redirect_uri: redirectUri,
    scope: 'openid profile email',
    state: 's',
    nonce: 'n',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  });
  const jar = new Map<string, string>();
  const form = await follow(`${cognito.domain}/oauth2/authorize?${query.toString()}`, jar, cognito.domain);
  const back = await follow(form, jar, cognito.domain, { username: user.username, password: user.password });
  const answer = await fetch(`${cognito.domain}/oauth2/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      code: new URL(back).searchParams.get('code') ?? '',
      redirect_uri: redirectUri,
      code_verifier: verifier,
      client_id: client.clientId,
      client_secret: client.clientSecret,
    }),
  });
  const body = (await answer.json()) as { readonly refresh_token?: string };
  if (body.refresh_token === undefined) throw new Error(`${user.username} got no tokens (${answer.status})`);
  return body.refresh_token;
}

/** Follows redirects; ends at the form, or at the first address that isn't the stand-in's. */
async function follow(
  from: string,
  jar: Map<string, string>,
  domain: string,
  fields?: Record<string, string>,
): Promise<string> {
  let [url, body] = [from, fields === undefined ? undefined : new URLSearchParams(fields)];
  for (let hops = 0; hops < 12; hops += 1) {
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await fetch(url, {
      redirect: 'manual',
      headers: { accept: 'text/html', cookie },
      ...(body === undefined ? {} : { method: 'POST', body }),
    });
    await answer.arrayBuffer();
    for (const line of answer.headers.getSetCookie()) {
      const [pair = ''] = line.split(';');
      jar.set(pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1));
    }
    const location = answer.headers.get('location');
    if (location === null) return url;
    url = new URL(location, url).href;
    if (!url.startsWith(domain)) return url;
    body = undefined;
  }
  throw new Error('redirected for ever');
}
