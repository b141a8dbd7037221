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

/** The page, with the table between its two marks. */
export function putIn(page: string, table: string): string {
  const [before, rest] = page.split('<!-- made by make bench-faults -->');
  const after = rest?.split('<!-- end -->')[1];
  if (before === undefined || after === undefined) throw new Error('the page has no place for the table');
  return `${before}<!-- made by make bench-faults -->\n\n${table}\n<!-- end -->${after}`;
}
