import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

export const repository = join(import.meta.dirname, '../..');

/** A fenced block, with what the comment before it says that a test is to do with it. */
export interface Block {
  readonly line: number;
  readonly language: string;
  readonly text: string;
  /** `run`, `shows`, `job` or `file: NAME`; empty: nothing. */
  readonly mark: string;
}

export interface Page {
  /** From the root of the repository. */
  readonly name: string;
  readonly text: string;
  readonly blocks: readonly Block[];
}

const fence =
  /(?:^ *<!-- (?<mark>[^>]*?) -->\n+)?^(?<indent> *)```(?<language>\w*)\n(?<text>[\s\S]*?)^\k<indent>```$/gm;

export function readPage(name: string): Page {
  const text = readFileSync(join(repository, name), 'utf8');
  const blocks = [...text.matchAll(fence)].map((found) => ({
    line: text.slice(0, found.index).split('\n').length,
    language: found.groups?.['language'] ?? '',
    text: (found.groups?.['text'] ?? '').replaceAll(new RegExp(`^${found.groups?.['indent'] ?? ''}`, 'gm'), ''),
    mark: found.groups?.['mark'] ?? '',
  }));
  return { name, text, blocks };
}

/** Every page of the manual. */
export function pageNames(): readonly string[] {
  const below = readdirSync(join(repository, 'docs'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.md'))
    .map((entry) => relative(repository, join(entry.parentPath, entry.name)));
  return ['README.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md', 'charts/cognito-gate/README.md', ...below];
}

/** Prose and tables: everything but fenced blocks. */
export function proseOf({ text }: Page): string {
  return text.replaceAll(/^( *)```[\s\S]*?^\1```$/gm, '');
}
