import { LineCounter, parseAllDocuments } from 'yaml';
import type { SourceObject } from '../model/snapshot.ts';
import { FolderError } from './folder-error.ts';

/** Aliases may repeat what is written, a little; a bomb of them is an error (they multiply). */
const maxAliases = 50;

/** What the parser says without the excerpt of the file: that could hold a value. */
function firstLine(message: string): string {
  const line = message.split('\n')[0] ?? '';
  return line.replace(/ at line \d+, column \d+:?$/, '').slice(0, 200);
}

/** The objects of one file, each with the line where its document begins. Throws FolderError. */
export function parseYaml(text: string, file: string): readonly SourceObject[] {
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, { lineCounter: lines, prettyErrors: false, version: '1.2', logLevel: 'silent' });
  const objects: SourceObject[] = [];
  for (const document of documents) {
    const wrong = document.errors[0] ?? document.warnings[0];
    if (wrong !== undefined) throw new FolderError(file, lines.linePos(wrong.pos[0]).line, firstLine(wrong.message));
    if (document.contents === null) continue;
    const line = lines.linePos(document.contents.range?.[0] ?? 0).line;
    const value = toValue(document, file, line);
    if (value !== null) objects.push({ value, origin: `${file}:${line}` });
  }
  return objects;
}

function toValue(document: { toJS(options: { maxAliasCount: number }): unknown }, file: string, line: number): unknown {
  try {
    return document.toJS({ maxAliasCount: maxAliases });
  } catch (error) {
    // The package throws ReferenceError for too many aliases and for unresolved ones.
    if (error instanceof ReferenceError) throw new FolderError(file, line, 'too many or unknown aliases: write the values out');
    throw error;
  }
}
