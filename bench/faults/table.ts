import type { Row } from '../faults.ts';

/** The table of docs/operating/faults.md. */
export function tableOf(
  rows: readonly Row[],
  { perSecond, model, cores }: { perSecond: number; model: string; cores: number },
): string {
  const line = (cells: readonly (string | number)[]): string => `| ${cells.join(' | ')} |`;
  const body = rows.map(({ store, fault, outcome }) =>
    line([
      fault.name,
      fault.what,
      store,
      outcome.requests,
      outcome.wronglyRefused,
      outcome.wronglyLetThrough,
      `${Math.round(outcome.longestStall)} ms`,
      outcome.recovery === 0 ? 'at once' : `${(outcome.recovery / 1000).toFixed(1)} s`,
    ]),
  );
  return [
    `${perSecond} requests a second, ${model}, ${cores} cores, node ${process.version}; NGINX, API server, two replicas and the stand-in for Cognito on the same machine.`,
    '',
    line([
      'fault',
      'what is done',
      'store',
      'requests',
      'wrongly refused',
      'wrongly let through',
      'longest stall',
      'recovered',
    ]),
    line(['---', '---', '---', '---:', '---:', '---:', '---:', '---:']),
    ...body,
    '',
  ].join('\n');
}
