import type { Table } from './decide/table.ts';
import type { Secret } from './model/secret.ts';
import type { Snapshot } from './model/snapshot.ts';
import { reportTable } from './report.ts';
import { parseKeyRing } from './session/key-ring.ts';
import type { KeyRing } from './session/key-ring.ts';
import { StartError } from './start-error.ts';
import type { Logger } from './telemetry/logger.ts';
import type { Metrics } from './telemetry/metrics.ts';
import { translate } from './translate/translate.ts';
import type { Translation } from './translate/translate.ts';

/** The table and the key ring that answer requests now; each replaced as a whole by a newer snapshot. */
export interface InForce {
  table(): Table | undefined;
  /** Throws while there is none; callers refuse. */
  ring(): KeyRing;
  named(): { readonly groups: ReadonlySet<string>; readonly claims: ReadonlySet<string> };
  /** The first snapshot without a usable key ring throws: nobody could sign in. */
  accept(snapshot: Snapshot): void;
  /** There is no snapshot, because a file or folder can't be read. */
  failed(error: { readonly file: string; readonly line: number | undefined; readonly message: string }): void;
  /** The whole of what the table in force was made with. */
  translation(): Translation | undefined;
  /** Id of the newest key; undefined while there is no ring. */
  newestKey(): string | undefined;
  onTable(listener: (translation: Translation) => void): void;
  /** What keeps us from being ready. */
  missing(): string | undefined;
  /** Brings the ages of table and sealing key up to date. */
  measure(): void;
}

export function createInForce(deps: {
  keyRingSecret: string;
  /** Whether the ring may still come: the controller makes the Secret when it is absent. */
  keyRingMayCome?: boolean;
  metrics: Metrics;
  log: Logger;
  now: () => number;
}): InForce {
  const { metrics, log, now } = deps;
  const listeners: ((translation: Translation) => void)[] = [];
  let table: Table | undefined;
  let translation: Translation | undefined;
  let tableAt = 0;
  let said = '';
  let saidKeys = '';
  let broken = false;
  let ring: KeyRing | undefined;
  /** Whoever rotates keys wants to see that it worked, or that a broken ring is mended. */
  const sayKeys = (read: KeyRing, ids: readonly string[]): void => {
    const says = ids.map((id) => `${id} ${read.key(id)?.fingerprint}`).join(' ');
    if (saidKeys !== says)
      log.info({ secret: deps.keyRingSecret, keys: ids, newest: read.newest }, 'key ring in force');
    saidKeys = says;
  };
  const setBroken = (value: boolean): void => {
    if (value) metrics.count('cognito_gate_source_errors_total');
    else if (broken) log.info('the source is read again');
    metrics.set('cognito_gate_source_broken', Number(value));
    broken = value;
  };
  const replace = (snapshot: Snapshot): void => {
    const entries = snapshot.secrets.get(deps.keyRingSecret);
    const read = readRing(entries, ring, deps);
    if (read !== undefined) sayKeys(read, [...(entries?.keys() ?? [])].toSorted());
    ring = read ?? ring;
    const result = translate(snapshot);
    // Another mistake in a route that was broken already is another finding about the same table.
    const says = `${result.table.hash} ${JSON.stringify(result.findings)}`;
    const changed = said !== says;
    said = says;
    table = result.table;
    translation = result;
    tableAt = now();
    setBroken(read === undefined);
    reportTable(result.table, result.findings, { metrics, log, changed });
    for (const listener of listeners) listener(result);
  };
  return {
    table: () => table,
    translation: () => translation,
    newestKey: () => ring?.newest,
    ring: () => {
      if (ring === undefined) throw new Error('the key ring is not open');
      return ring;
    },
    named: () => ({ groups: table?.namedGroups ?? new Set(), claims: table?.namedClaims ?? new Set() }),
    accept: (snapshot) => {
      try {
        replace(snapshot);
      } catch (error) {
        if (table === undefined) throw error;
        setBroken(true);
        log.error({ err: error }, 'a snapshot could not be put in force; the last good table stays');
      }
    },
    failed: ({ file, line, message }) => {
      setBroken(true);
      log.error({ file, line, reason: message }, 'the source can’t be read; the last good table stays in force');
    },
    onTable: (listener) => void listeners.push(listener),
    missing: () =>
      table === undefined ? 'no table is loaded' : ring === undefined ? 'the key ring is not open' : undefined,
    measure: () => {
      metrics.set('cognito_gate_table_age_seconds', now() - tableAt);
      metrics.set('cognito_gate_key_ring_keys', ring?.keys.length ?? 0);
      if (ring !== undefined) metrics.set('cognito_gate_sealing_key_age_seconds', now() - ring.seals(now()).createdAt);
    },
  };
}

/** undefined: it vanished or broke at run time, and the last good one stays in force; or it is yet to come. */
function readRing(
  entries: ReadonlyMap<string, Secret> | undefined,
  held: KeyRing | undefined,
  deps: { keyRingSecret: string; keyRingMayCome?: boolean; log: Logger },
): KeyRing | undefined {
  const secret = deps.keyRingSecret;
  const mayCome = deps.keyRingMayCome === true;
  try {
    if (entries !== undefined && entries.size > 0) return parseKeyRing(entries);
    if (mayCome && held === undefined) {
      deps.log.info({ secret }, 'the key ring Secret is not there yet: the first replica makes it');
      return undefined;
    }
    throw new StartError(
      `the key ring Secret ${secret} is missing or empty; make its first key with: cognito-gate new-key k1`,
    );
  } catch (error) {
    if (held === undefined && !mayCome) throw asStartError(error, secret);
    deps.log.error(
      { reason: error instanceof Error ? error.message : String(error), secret },
      'the key ring can’t be read; the last good one stays in force, if there was one',
    );
    return undefined;
  }
}

function asStartError(error: unknown, secret: string): StartError {
  if (error instanceof StartError) return error;
  return new StartError(`the key ring Secret ${secret}: ${error instanceof Error ? error.message : String(error)}`, {
    cause: error,
  });
}
