/** One request, ready to be sent, and what may come of it. */
export interface Input {
  readonly kind: string;
  readonly port: 'decisions' | 'signIn' | 'nginx';
  readonly bytes: Buffer;
  /** Not known to be one whole request: it gets a connection of its own, which we close. */
  readonly raw: boolean;
  readonly head: boolean;
  readonly host: string;
  readonly path: string;
  /** 2xx is right, and why: a public path (nobody's identity), or something that is real in it (somebody's). */
  readonly mayPass: 'no' | 'public' | 'somebody' | 'must';
}

export type Header = readonly [name: string, value: string];

export function requestBytes(line: string, headers: readonly Header[], body = ''): Buffer {
  const fields = headers.map(([name, value]) => `${name}: ${value.replaceAll(/[\r\n\0]/g, '')}\r\n`).join('');
  const length = body === '' ? '' : `Content-Length: ${Buffer.byteLength(body, 'latin1')}\r\n`;
  return Buffer.from(`${line.replaceAll(/[\r\n\0]/g, '')}\r\n${fields}${length}\r\n${body}`, 'latin1');
}
