import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { people } from './stack.ts';
import type { Stack } from './stack.ts';
import { Visitor } from './visitor.ts';
import type { Page, Visit } from './visitor.ts';

/** Shorter ones are names and numbers, which may occur anywhere. */
const shortest = 20;

/** Visitors of one stack, and every secret that they met on their way: the log must hold none of them (M3). */
export class Watch {
  readonly #stack: Stack;
  readonly #met = new Set<string>();

  constructor(stack: Stack) {
    this.#stack = stack;
  }

  visitor(): Visitor {
    return new WatchedVisitor(this.#stack.ca, this.#met);
  }

  /** Secrets of the installation, of the people and of all visitors, of which the program's log holds some. */
  async leaks(): Promise<readonly string[]> {
    const log = await this.#stack.log();
    const secrets = join(this.#stack.folder, 'secrets/identity');
    const clientSecret = await readFile(join(secrets, 'client/clientSecret'), 'utf8').catch(() => undefined);
    const personal = people.flatMap(({ password, email }) => [password, email ?? password]);
    const known = [...this.#met, ...personal, ...(clientSecret === undefined ? [] : [clientSecret])];
    const shapes = [/eyJ[A-Za-z0-9_-]{10}/, /__Host-/, /[?&](?:code|g|request|state)=/].filter((shape) =>
      shape.test(log),
    );
    return [...known.filter((value) => log.includes(value)), ...shapes.map(String)];
  }

  get size(): number {
    return this.#met.size;
  }
}

class WatchedVisitor extends Visitor {
  readonly #met: Set<string>;

  constructor(ca: string, met: Set<string>) {
    super(ca);
    this.#met = met;
  }

  override async ask(target: string | URL, visit: Visit = {}): Promise<Page> {
    const page = await super.ask(target, visit);
    for (const line of [page.headers['set-cookie'] ?? []].flat()) this.#note(/=([^;]*)/.exec(line)?.[1]);
    for (const value of page.url.searchParams.values()) if (!value.startsWith('/')) this.#note(value);
    this.#note(/\/complete\/(.+)$/.exec(page.url.pathname)?.[1]);
    return page;
  }

  #note(value: string | undefined): void {
    if (value !== undefined && value.length >= shortest && !value.startsWith('http')) this.#met.add(value);
  }
}
