/** What a token or revocation endpoint answered: whatever may be printed, and apart from it what may not. */
export interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly requestIdHeader: boolean;
  /** Names of the fields of a JSON body. */
  readonly fields: readonly string[];
  readonly error: string | undefined;
  readonly description: string | undefined;
  /** The values; never printed. */
  readonly values: Readonly<Record<string, unknown>>;
}

export interface Client {
  readonly id: string;
  readonly secret: string;
}

/** `post` is what the product sends. `basic-encoded` percent-encodes a character that needs none, as RFC 6749 2.3.1 permits. */
export type ClientAuthentication = 'post' | 'basic' | 'basic-encoded';

export async function ask(
  endpoint: string,
  form: Readonly<Record<string, string>>,
  client: Client,
  authentication: ClientAuthentication = 'post',
): Promise<Answer> {
  const body = new URLSearchParams(form);
  const headers: Record<string, string> = { accept: 'application/json' };
  if (authentication === 'post') {
    body.set('client_id', client.id);
    body.set('client_secret', client.secret);
  } else {
    const secret = authentication === 'basic' ? client.secret : encodeFirst(client.secret);
    headers['authorization'] = `Basic ${Buffer.from(`${client.id}:${secret}`).toString('base64')}`;
  }
  const response = await fetch(endpoint, {
    method: 'POST',
    headers,
    body,
    redirect: 'manual',
    signal: AbortSignal.timeout(15_000),
  });
  const values = parse(await response.text());
  return {
    status: response.status,
    contentType: response.headers.get('content-type') ?? 'none',
    requestIdHeader: response.headers.has('x-amz-cognito-request-id'),
    fields: Object.keys(values).toSorted(),
    error: text(values['error']),
    description: text(values['error_description']),
    values,
  };
}

/** One line that holds no value of a token. */
export function describe(answer: Answer): string {
  if (answer.error === undefined) return `${answer.status}, fields: ${answer.fields.join(' ') || 'none'}`;
  const description = answer.description === undefined ? 'no description' : JSON.stringify(answer.description);
  return `${answer.status} ${JSON.stringify(answer.error)}, ${description}, ${answer.contentType}`;
}

export function tokenOf(answer: Answer, name: 'access_token' | 'id_token' | 'refresh_token'): string | undefined {
  return text(answer.values[name]);
}

/** Header or payload of a JWT, unchecked: these are questions about shape. */
export function partOf(token: string | undefined, part: 0 | 1): Readonly<Record<string, unknown>> {
  return parse(Buffer.from(token?.split('.')[part] ?? '', 'base64url').toString('utf8'));
}

function encodeFirst(secret: string): string {
  const code = secret.codePointAt(0) ?? 0;
  return `%${code.toString(16).toUpperCase().padStart(2, '0')}${secret.slice(1)}`;
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function parse(body: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {};
  } catch {
    return {};
  }
}
