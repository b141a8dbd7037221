/** Something that the operator has to mend before the program can start; the message says what and how. */
export class StartError extends Error {
  override readonly name = 'StartError';
}
