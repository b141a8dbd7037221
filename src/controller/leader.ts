import type { Finding } from '../model/finding.ts';
import type { KubeClient } from '../kubernetes/client.ts';
import { createApplied } from './applied.ts';
import { companionJobs } from './companion-jobs.ts';
import { eventJobs } from './event-jobs.ts';
import type { Telling } from './events.ts';
import { createFights } from './fights.ts';
import { ingressJobs } from './ingress-jobs.ts';
import { createKnownObjects } from './known-objects.ts';
import { createLetGo } from './let-go.ts';
import { revocationJobs } from './revocation-jobs.ts';
import { lookAround } from './round.ts';
import { statusJobs } from './status-jobs.ts';
import { tellings } from './tellings.ts';
import { createTold } from './told.ts';
import { objectKey } from './world.ts';
import type { ControllerSettings, World } from './world.ts';
import { createWriteQueue } from './write-queue.ts';
import type { Job } from './write-queue.ts';
import { writingFindings } from './writing-findings.ts';

export type { ControllerSettings, World } from './world.ts';

export interface LeaderLog {
  info(fields: object, text: string): void;
  warn(fields: object, text: string): void;
  error(fields: object, text: string): void;
}

export interface LeaderDeps {
  readonly client: KubeClient;
  readonly settings: ControllerSettings;
  /** Seconds since the epoch, for what people read. */
  now(): number;
  /** Seconds that never jump, for what has to wait; default: `now`. */
  steady?(): number;
  /** Asked before each write. */
  leading(): boolean;
  readonly log: LeaderLog;
  onWrite(kind: string, outcome: 'done' | 'failed' | 'conflict'): void;
  /** Findings that only writing shows, whenever they change. */
  onFindings(extra: readonly Finding[]): void;
}

export interface Leader {
  /** The newest world counts. */
  offer(world: World): void;
  run(signal: AbortSignal): Promise<void>;
}

const writesAtOnce = 8;
const pollMs = 100;
/** While writes are under way, what depends on those that are done is looked at every so many seconds. */
const longestBlindness = 0.5;
/** Answers that come close together are looked at together. */
const restMs = 20;
/** A look at very many objects takes a while; decisions are answered at least as long in between, up to this. */
const longestRestMs = 400;

/** Writes back what translation came to, while this replica leads. */
export function createLeader(deps: LeaderDeps): Leader {
  const steady = deps.steady ?? deps.now;
  const writer = createWriter(deps);
  let world: World | undefined;
  let termStarts = true;
  let stale = false;
  let ring: () => void = () => undefined;
  let lookedAt = 0;
  writer.onQuiet(() => {
    stale = true;
    ring();
  });
  const isDue = (): boolean => stale || Math.min(writer.due(), lookedAt + longestBlindness) <= steady();
  const look = (): void => {
    if (!deps.leading()) termStarts = true;
    else if (world !== undefined && (termStarts || isDue())) {
      stale = false;
      writer.write(world, termStarts);
      lookedAt = writer.busy() ? steady() : Infinity;
      termStarts = false;
    }
  };
  return {
    offer: (newer) => {
      world = newer;
      stale = true;
      ring();
    },
    run: async (signal) => {
      while (!signal.aborted) {
        const began = performance.now();
        try {
          look();
        } catch (error) {
          deps.log.error({ err: error }, 'what is to be written could not be worked out');
        }
        await rest(Math.min(longestRestMs, Math.max(restMs, performance.now() - began)), signal);
        if (!stale) await rest(pollMs, signal, (wake) => (ring = wake));
      }
      await writer.idle();
    },
  };
}

function refKeys({ policies, pools }: World): readonly string[] {
  return [...policies, ...pools].map(({ ref }) => objectKey(ref.kind, ref.namespace, ref.name));
}

function rest(ms: number, signal: AbortSignal, onWake?: (wake: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
    onWake?.(done);
  });
}

interface Writer {
  write(world: World, termStarts: boolean): void;
  /** When something that waits may be written. */
  due(): number;
  /** All that was to be written has been tried: what depends on it can be looked at. */
  onQuiet(listener: () => void): void;
  busy(): boolean;
  idle(): Promise<void>;
}

function createWriter(deps: LeaderDeps): Writer {
  const { client, settings, now, steady = now } = deps;
  const known = createKnownObjects(steady);
  const [fights, applied, told, letGo] = [createFights(), createApplied(), createTold(), createLetGo()];
  const appliedRevocations = createApplied();
  const managers = new Map<string, string>();
  const notices = new Set<Telling>();
  let [quiet, contestedDue, reported]: [() => void, number, string] = [() => undefined, Infinity, '[]'];
  /** When the next SessionRevocation has been kept long enough. */
  let keptDue = Infinity;
  const queue = createWriteQueue({
    limit: writesAtOnce,
    now: steady,
    allowed: deps.leading,
    onSettled: (job, outcome, error) => {
      deps.onWrite(job.kind, outcome);
      if (outcome === 'failed') deps.log.warn({ object: job.key, err: error }, 'could not be written');
    },
    onQuiet: () => quiet(),
  });
  const base = { client, settings, known, now };
  const report = (extra: readonly Finding[]): void => {
    const text = JSON.stringify(extra);
    if (text !== reported) deps.onFindings(extra);
    reported = text;
  };
  const tellingJobs = (due: readonly (readonly [Telling, number])[]): readonly Job[] => [
    ...eventJobs(due, { ...base, told: told.told }),
    ...eventJobs(
      [...notices].map((notice) => [notice, Number(notice.about.metadata.resourceVersion)] as const),
      { ...base, told: (notice) => void notices.delete(notice) },
    ),
  ];
  return {
    write: (world, termStarts) => {
      const contested = (key: string): boolean => fights.contested(key, steady());
      const extra = writingFindings(world, { refusals: queue.refusals(), contested, managers }, settings);
      const findings = [...world.findings, ...extra];
      const round = lookAround(world, known, findings);
      for (const telling of letGo.since(round, settings.install)) notices.add(telling);
      const wiring = ingressJobs(round, {
        ...base,
        now: steady,
        fights,
        managers,
        notice: (notice) => void notices.add(notice),
      });
      const companions = companionJobs(round, { ...base, applied });
      const statuses = statusJobs(round, companions.missing, { ...base, applied });
      const revocations = revocationJobs(round, { ...base, applied: appliedRevocations });
      const due = told.due(tellings(round, findings, settings.install), termStarts);
      contestedDue = wiring.due ?? Infinity;
      keptDue = steady() + revocations.due - now();
      queue.submit([
        ...wiring.jobs,
        ...companions.jobs,
        ...statuses,
        ...revocations.jobs,
        ...tellingJobs(due),
        ...companions.later,
      ]);
      fights.keepOnly(new Set(round.plans.keys()));
      applied.keepOnly(new Set([...round.ingresses.keys(), ...refKeys(world)]));
      known.sweep();
      report(extra);
    },
    due: () => Math.min(queue.due() ?? Infinity, contestedDue, keptDue, fights.peace()),
    onQuiet: (listener) => void (quiet = listener),
    busy: () => queue.busy(),
    idle: () => queue.idle(),
  };
}
