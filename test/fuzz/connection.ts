import type { Socket } from 'node:net';

export interface WireAnswer {
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
}

/** What became of a request: answers, or a connection that closed without one, or nothing at all within its time. */
export type Outcome =
  | { readonly kind: 'answered'; readonly answer: WireAnswer }
  | { readonly kind: 'closed' | 'silent' };

export const all = (answer: WireAnswer, name: string): readonly string[] =>
  answer.headers.filter(([field]) => field === name).map(([, value]) => value);

interface Waiting {
  readonly head: boolean;
  readonly settle: (outcome: Outcome) => void;
}

/** One client with a connection that it keeps as long as the server does. Bytes go out as they are. */
export class Connection {
  readonly #open: () => Socket;
  readonly #milliseconds: number;
  #socket: Socket | undefined;
  #text = '';
  #waiting: Waiting | undefined;

  constructor(open: () => Socket, milliseconds: number) {
    this.#open = open;
    this.#milliseconds = milliseconds;
  }

  ask(bytes: Buffer, options: { head: boolean; last: boolean }): Promise<Outcome> {
    if (options.last) this.close();
    const socket = this.#socket ?? this.#connect();
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#settle({ kind: 'silent' }), this.#milliseconds);
      this.#waiting = {
        head: options.head,
        settle: (outcome) => {
          clearTimeout(timer);
          if (options.last || outcome.kind !== 'answered') this.close();
          resolve(outcome);
        },
      };
      if (options.last) socket.end(bytes);
      else socket.write(bytes);
    });
  }

  close(): void {
    this.#socket?.destroy();
    this.#socket = undefined;
    this.#text = '';
  }

  #connect(): Socket {
    const socket = this.#open();
    this.#socket = socket;
    this.#text = '';
    socket.setEncoding('latin1').setNoDelay(true);
    socket.on('data', (chunk: string) => {
      if (this.#socket !== socket) return;
      this.#text += chunk;
      this.#read(false);
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      if (this.#socket !== socket) return;
      this.#read(true);
      this.#socket = undefined;
      this.#settle({ kind: 'closed' });
    });
    return socket;
  }

  #settle(outcome: Outcome): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.settle(outcome);
  }

  #read(ended: boolean): void {
    const waiting = this.#waiting;
    if (waiting === undefined) return;
    const parsed = parseAnswer(this.#text, waiting.head, ended);
    if (parsed === undefined) return;
    const over = parsed.rest !== '' || all(parsed.answer, 'connection').includes('close');
    this.#text = '';
    if (over) this.close();
    this.#settle({ kind: 'answered', answer: parsed.answer });
  }
}

/** The first answer that is whole; interim ones (1xx) are skipped. */
export function parseAnswer(
  text: string,
  head: boolean,
  ended: boolean,
): { readonly answer: WireAnswer; readonly rest: string } | undefined {
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const [line = '', ...fields] = text.slice(0, end).split('\r\n');
  const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(line)?.[1] ?? 0);
  const rest = text.slice(end + 4);
  if (status >= 100 && status < 200) return parseAnswer(rest, head, ended);
  const headers = fields.map((field) => {
    const colon = field.indexOf(':');
    return [field.slice(0, colon).toLowerCase(), field.slice(colon + 1).trim()] as const;
  });
  const body = bodyOf(rest, new Map(headers), head || status === 204 || status === 304, ended);
  return body === undefined ? undefined : { answer: { status, headers, body: body.text }, rest: body.rest };
}

function bodyOf(
  text: string,
  headers: ReadonlyMap<string, string>,
  none: boolean,
  ended: boolean,
): { readonly text: string; readonly rest: string } | undefined {
  if (none) return { text: '', rest: text };
  const length = headers.get('content-length');
  if (length !== undefined) {
    const bytes = Number(length);
    return text.length < bytes && !ended ? undefined : { text: text.slice(0, bytes), rest: text.slice(bytes) };
  }
  if (headers.get('transfer-encoding') === 'chunked') return chunks(text);
  return ended ? { text, rest: '' } : undefined;
}

function chunks(text: string): { readonly text: string; readonly rest: string } | undefined {
  let at = 0;
  let body = '';
  for (;;) {
    const end = text.indexOf('\r\n', at);
    if (end < 0) return undefined;
    const size = Number.parseInt(text.slice(at, end), 16);
    const next = end + 2 + size + 2;
    if (text.length < next) return undefined;
    if (size === 0) return { text: body, rest: text.slice(next) };
    body += text.slice(end + 2, next - 2);
    at = next;
  }
}
