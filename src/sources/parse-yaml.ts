import { LineCounter, parseAllDocuments } from 'yaml';
import type { SourceObject } from '../model/snapshot.ts';
import { FolderError } from './folder-error.ts';

/** Aliases may repeat what is written, a little; a bomb of them is an error (they multiply). */
const maxAliases = 50;

/** What the parser says, without any excerpt of the file: that could be a value. */
function wording(message: string): string {
  const line = message.split('\n')[0] ?? '';
  return line
    .replace(/ at line \d+, column \d+:?$/, '')
    .replace(/"[^"]*"|: .*$/g, '')
    .slice(0, 200);
}

/** Whether the package or JSON gave up on what was written; anything else is a mistake of ours. */
function refusal(error: unknown): string | undefined {
  if (error instanceof ReferenceError) return 'too many or unknown aliases: write the values out';
  if (error instanceof RangeError) return 'nested too deeply';
  if (error instanceof TypeError) return 'holds what JSON can not say, such as a ring of aliases';
  return undefined;
}

function refuseAt<T>(file: string, line: number, action: () => T): T {
  try {
    return action();
  } catch (error) {
    const words = refusal(error);
    if (words === undefined) throw error;
    throw new FolderError(file, line, words);
  }
}

/** The objects of one file, each with the line where its document begins. Throws FolderError. */
export function parseYaml(text: string, file: string): readonly SourceObject[] {
  const lines = new LineCounter();
  const options = { lineCounter: lines, prettyErrors: false, version: '1.2', logLevel: 'silent' } as const;
  const documents = refuseAt(file, 1, () => parseAllDocuments(text, options));
  const objects: SourceObject[] = [];
  for (const document of documents) {
    const wrong = document.errors[0] ?? document.warnings[0];
    if (wrong !== undefined) throw new FolderError(file, lines.linePos(wrong.pos[0]).line, wording(wrong.message));
    if (document.contents === null) continue;
    const line = lines.linePos(document.contents.range[0]).line;
    const value = refuseAt(file, line, () => toValue(document));
    if (value !== null) objects.push({ value, origin: `${file}:${line}` });
  }
  return objects;
}

function toValue(document: { toJS(options: { maxAliasCount: number }): unknown }): unknown {
  const value = document.toJS({ maxAliasCount: maxAliases });
  // Kubernetes has only what JSON can say; a ring throws here, where file and line are known.
  JSON.stringify(value);
  return value;
}
