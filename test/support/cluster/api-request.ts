import { request } from 'node:https';

export interface ApiAnswer {
  readonly status: number;
  readonly body: unknown;
}

export interface ApiInput {
  readonly method?: string;
  /** With its query, for instance `/api/v1/namespaces`. */
  readonly path: string;
  readonly body?: unknown;
  readonly contentType?: string;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** One call of the API server, whatever it answers; a test that is about our own client can't use that client for its set-up. */
export async function askApi(
  api: { readonly server: string; readonly ca: string; readonly token: string },
  input: ApiInput,
): Promise<ApiAnswer> {
  return await new Promise((resolve, reject) => {
    const call = request(new URL(input.path, api.server), {
      method: input.method ?? 'GET',
      ca: api.ca,
      agent: false,
      headers: {
        authorization: `Bearer ${api.token}`,
        accept: 'application/json',
        'content-type': input.contentType ?? 'application/json',
      },
    });
    call.setTimeout(10_000, () => call.destroy(new Error(`no answer to ${input.path} in 10 s`)));
    call.once('error', reject);
    call.once('response', (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => (text += part));
      response.once('error', reject);
      response.once('end', () => resolve({ status: response.statusCode ?? 0, body: parse(text) }));
    });
    call.end(input.body === undefined ? undefined : JSON.stringify(input.body));
  });
}
