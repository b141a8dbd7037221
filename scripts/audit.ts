/**
 * Asks the npm registry which packages of package-lock.json have known faults, and fails for each that
 * docs/security/audit.md doesn't argue about. A registry that doesn't answer is said; with --required (a release) it fails.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { advisoriesOf, arguedIn, judge } from './supply/advisories.ts';

const root = join(import.meta.dirname, '..');
const isRequired = process.argv.includes('--required');
const say = (line: string): void => void process.stdout.write(`audit: ${line}\n`);

process.exitCode = main();

function main(): number {
  const { stdout, stderr } = spawnSync('npm', ['audit', '--json'], { cwd: root, encoding: 'utf8', timeout: 120_000 });
  const report = parsed(stdout);
  const found = advisoriesOf(report);
  if (found === undefined) {
    const why = /npm (?:error|warn) (?:audit )?(.*)/.exec(stderr)?.[1] ?? 'no report';
    say(`the registry could not be asked: ${why}`);
    say(
      isRequired
        ? 'error: a release needs its answer'
        : 'nothing is known about faults of packages; a release needs the answer',
    );
    return isRequired ? 1 : 0;
  }
  const { unargued, settled } = judge(found, arguedIn(readFileSync(join(root, 'docs/security/audit.md'), 'utf8')));
  for (const { id, package: name, range, severity, title, url } of unargued)
    say(`error: ${severity}: ${name} ${range}: ${title} (${id}, ${url})`);
  for (const id of settled)
    say(`${id} is argued about in docs/security/audit.md, and not found any more: its row can go`);
  if (unargued.length > 0) say('update the package, or say in docs/security/audit.md why it does not matter here');
  else say(`${found.length} known faults, all argued about`);
  return unargued.length > 0 ? 1 : 0;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
