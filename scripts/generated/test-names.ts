import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A text in a test file that carries ids of security cases: a title, the name of a row, or what an assertion says. */
export interface NamedTest {
  /** From the root of the repository. */
  readonly file: string;
  readonly name: string;
  readonly ids: readonly string[];
}

const id = /(?<![\w.-])([A-Z]\d{1,2}(?:\.\d{1,2})?)(?:–([A-Z]\d{1,2}(?:\.\d{1,2})?))?(?![\w]|\.\d)/g;
const text = /'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|`((?:[^`\\]|\\.)*)`/g;
const title = /\b(?:test|it|suite|describe)\(\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|`((?:[^`\\]|\\.)*)`)/;

/** `T1.1–T1.9` names all between. */
function range(from: string, to: string): readonly string[] {
  const cut = (one: string): readonly [string, number] => {
    const [, start = '', number = ''] = /^(.*?)(\d+)$/.exec(one) ?? [];
    return [start, Number(number)];
  };
  const [[start, first], [, last]] = [cut(from), cut(to)];
  return Array.from({ length: Math.max(0, last - first + 1) }, (_none, index) => `${start}${first + index}`);
}

export function idsIn(words: string): readonly string[] {
  const found = [...words.matchAll(id)].flatMap(([, from = '', to]) => (to === undefined ? [from] : range(from, to)));
  return [...new Set(found)];
}

const firstGroup = (match: RegExpMatchArray | null): string | undefined => match?.[1] ?? match?.[2] ?? match?.[3];

/** The title of the test that a line belongs to: an assertion stands after it, the rows of a table before. */
function titleAround(lines: readonly string[], at: number): string {
  const before = lines.slice(0, at).toReversed();
  const after = lines.slice(at + 1);
  const inside = /^\s+assert|^\s+await assert/.test(lines[at] ?? '');
  for (const line of inside ? before : after) {
    const found = firstGroup(title.exec(line));
    if (found !== undefined) return found;
  }
  return '';
}

function namesInFile(file: string, content: string): readonly NamedTest[] {
  // A title on a line of its own counts as one on the line of its call.
  const lines = content.replaceAll(/\b(test|it|suite|describe)\(\n\s*/g, '$1(').split('\n');
  return lines.flatMap((line, at) => {
    if (/^\s*(?:\/\/|\/?\*|import\b)/.test(line)) return [];
    return [...line.matchAll(text)].flatMap((match) => {
      const words = firstGroup(match) ?? '';
      const ids = idsIn(words);
      if (ids.length === 0) return [];
      const isBare = words.replaceAll(id, '').replaceAll(/[\s:,]/g, '') === '';
      return [{ file, ids, name: isBare ? `${words} ${titleAround(lines, at)}`.trim() : words }];
    });
  });
}

function filesBelow(folder: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true })
    .toSorted((one, other) => (one.name < other.name ? -1 : 1))
    .flatMap((entry) => (entry.isDirectory() ? filesBelow(join(folder, entry.name)) : [join(folder, entry.name)]));
}

function named(root: string, file: string): readonly NamedTest[] {
  const path = file.slice(root.length + 1);
  if (path.startsWith('test/live/') || path === 'test/security/cases.test.ts') return [];
  if (path.endsWith('.in.yaml')) {
    const name = path.replace(/^.*\//, '').replace('.in.yaml', '');
    const ids = idsIn(name.replaceAll('-', ' '));
    return ids.length === 0 ? [] : [{ file: path, name: name.replaceAll('-', ' '), ids }];
  }
  const isTest = path.endsWith('.test.ts');
  // What tests are helped by holds no case, but tables of rows beside the tests do.
  if (!isTest && (!path.endsWith('.ts') || path.startsWith('test/support/'))) return [];
  return namesInFile(path, readFileSync(file, 'utf8'));
}

/** Every test of the repository that says which case it holds. */
export function namedTests(root: string): readonly NamedTest[] {
  return filesBelow(join(root, 'test')).flatMap((file) => named(root, file));
}
