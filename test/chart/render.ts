import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { parseAllDocuments } from 'yaml';
import { runCommand, succeeded } from '../support/cluster/command.ts';
import type { CommandResult } from '../support/cluster/command.ts';

export const chart = join(import.meta.dirname, '../../charts/cognito-gate');

/** The values files that the chart is rendered with: their names without `.values.yaml`. */
export const cases = readdirSync(join(chart, 'ci'))
  .filter((name) => name.endsWith('.values.yaml'))
  .map((name) => name.replace('.values.yaml', ''));

export const valuesOf = (name: string): string => join(chart, 'ci', `${name}.values.yaml`);

/** A part of an object of YAML. */
export type Fields = { readonly [name: string]: unknown };

export interface Rendered extends Fields {
  readonly kind: string;
  readonly metadata: Fields & { readonly name: string; readonly namespace?: string };
}

/** helm without a cluster. */
export async function tryHelm(...args: readonly string[]): Promise<CommandResult> {
  return await runCommand('helm', args, { home: tmpdir(), kubeconfig: '/nonexistent' });
}

export async function render(...args: readonly string[]): Promise<string> {
  return await renderAs('cognito-gate', ...args);
}

export async function renderAs(release: string, ...args: readonly string[]): Promise<string> {
  const all = ['template', release, chart, '--namespace', 'cognito-gate', ...args];
  return succeeded('helm', all, await tryHelm(...all));
}

export function objectsOf(text: string): readonly Rendered[] {
  return parseAllDocuments(text).flatMap((document) => {
    if (document.errors[0] !== undefined) throw document.errors[0];
    const value = document.toJS() as Rendered | null;
    return value === null ? [] : [value];
  });
}

/** What stands at a dotted path, list indexes included. */
export function at(object: unknown, path: string): unknown {
  let value = object;
  for (const key of path.split('.')) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = Reflect.get(value, key);
  }
  return value;
}
