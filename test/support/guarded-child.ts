import { existsSync } from 'node:fs';
import { startChild } from './child.ts';
import type { Child, ChildInput } from './child.ts';

/** util-linux has it; the kernel then signals the child when we end, even when we are killed. */
const setpriv = ['/usr/bin/setpriv', '/bin/setpriv'].find((path) => existsSync(path));

/** As `startChild`, and safe against a SIGKILL of ours. `TERM` for a program that has to end children of its own. */
export function startGuardedChild(input: ChildInput, signal: 'KILL' | 'TERM' = 'KILL'): Child {
  if (setpriv === undefined) return startChild(input);
  return startChild({ ...input, command: setpriv, args: ['--pdeathsig', signal, input.command, ...input.args] });
}
