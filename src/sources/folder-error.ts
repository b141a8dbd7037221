/** A file or folder that can't be read; where there is a line, it counts from 1. */
export class FolderError extends Error {
  override readonly name = 'FolderError';
  readonly file: string;
  readonly line: number | undefined;

  constructor(file: string, line: number | undefined, message: string, options?: ErrorOptions) {
    super(`${line === undefined ? file : `${file}:${line}`}: ${message}`, options);
    this.file = file;
    this.line = line;
  }
}

/** What the operating system says, without its stack. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** For what the operating system refused; everything else is a mistake of ours and goes on. */
export function asFolderError(error: unknown, file: string): FolderError {
  if (error instanceof FolderError) return error;
  const code = codeOf(error);
  if (code === undefined) throw error;
  const words = code === 'ENOENT' ? 'is not there' : `can not be read (${code})`;
  return new FolderError(file, undefined, words, { cause: error });
}
