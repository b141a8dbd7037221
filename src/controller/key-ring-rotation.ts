import { KubeApiError } from '../kubernetes/client.ts';
import type { KubeClient } from '../kubernetes/client.ts';
import type { KubeObject } from '../kubernetes/object.ts';
import { resources } from '../kubernetes/resources.ts';

export interface KeyRingRotationOptions {
  readonly client: Pick<KubeClient, 'merge'>;
  readonly namespace: string;
  readonly name: string;
  readonly fieldManager: string;
  /** The Secret, as it was last seen. */
  secret(): KubeObject | undefined;
  /** What is to be done to that ring now. Throws where it can't be read. */
  change(secret: KubeObject): KeyRingChange | undefined;
  leading(): boolean;
  readonly log: {
    info(fields: object, text: string): void;
    warn(fields: object, text: string): void;
  };
  onWrite(outcome: 'done' | 'failed' | 'conflict'): void;
  onError(error: Error): void;
}

export interface KeyRingChange {
  readonly add: readonly [id: string, content: string] | undefined;
  readonly remove: readonly string[];
}

export interface KeyRingRotation {
  /** To be called when the Secret, the leader or the time has changed. */
  look(): void;
  close(): void;
}

/** Milliseconds. Keys live for hours at least. */
const lookEvery = 15_000;
const retryAfter = 2000;

/**
 * The leader adds a key to the ring when its time has come, and takes those away that nothing needs any more. One write
 * does both, on the version that was looked at: two leaders for a moment, or a kubectl in between, make one change.
 */
export function createKeyRingRotation(options: KeyRingRotationOptions): KeyRingRotation {
  const { log } = options;
  const subject = `${options.namespace}/${options.name}`;
  let busy = false;
  let closed = false;
  let told = '';
  let retry: NodeJS.Timeout | undefined;
  const tell = (why: string): void => {
    if (why !== told && why !== '') log.warn({ secret: subject }, `the key ring is not rotated: ${why}`);
    told = why;
  };
  const attempt = async (secret: KubeObject, change: KeyRingChange): Promise<void> => {
    try {
      await write(secret, change, options);
      options.onWrite('done');
      log.info({ secret: subject, added: change.add?.[0], removed: change.remove }, 'rotated the key ring');
    } catch (error) {
      // 409: somebody was quicker, and what was written is on its way to us.
      const isConflict = error instanceof KubeApiError && error.status === 409;
      options.onWrite(isConflict ? 'conflict' : 'failed');
      if (!isConflict) options.onError(asError(error));
    }
    busy = false;
    if (!closed) retry = setTimeout(look, retryAfter).unref();
  };
  const look = (): void => {
    const secret = busy || !options.leading() ? undefined : options.secret();
    if (secret === undefined) return;
    const due = dueChange(secret, options);
    tell(due.hindrance);
    if (due.change === undefined) return;
    busy = true;
    void attempt(secret, due.change);
  };
  const timer = setInterval(look, lookEvery).unref();
  return {
    look,
    close: () => {
      closed = true;
      clearInterval(timer);
      clearTimeout(retry);
    },
  };
}

function dueChange(
  secret: KubeObject,
  { change }: Pick<KeyRingRotationOptions, 'change'>,
): { readonly change: KeyRingChange | undefined; readonly hindrance: string } {
  try {
    const found = change(secret);
    const keeper = found === undefined ? undefined : keeperOf(secret);
    return keeper === undefined
      ? { change: found, hindrance: '' }
      : { change: undefined, hindrance: `${keeper} looks after this Secret, and has to do it` };
  } catch (error) {
    return { change: undefined, hindrance: asError(error).message };
  }
}

async function write(
  secret: KubeObject,
  { add, remove }: KeyRingChange,
  { client, namespace, name, fieldManager }: KeyRingRotationOptions,
): Promise<void> {
  const { uid, resourceVersion } = secret.metadata;
  const data = {
    ...Object.fromEntries(remove.map((id) => [id, null])),
    ...(add === undefined ? {} : { [add[0]]: Buffer.from(add[1]).toString('base64') }),
  };
  const place = { resource: resources.secrets, namespace, name };
  await client.merge(place, { metadata: { uid, resourceVersion }, data }, { fieldManager });
}

/** Marks of tools that would put their own content back, or are put off by ours. */
const marks: readonly (readonly [key: string, keeper: string])[] = [
  ['argocd.argoproj.io/tracking-id', 'Argo CD'],
  ['argocd.argoproj.io/instance', 'Argo CD'],
  ['app.kubernetes.io/instance', 'whoever set the label app.kubernetes.io/instance (Argo CD, Helm)'],
  ['meta.helm.sh/release-name', 'Helm'],
  ['kustomize.toolkit.fluxcd.io/name', 'Flux'],
  ['helm.toolkit.fluxcd.io/name', 'Flux'],
  ['reconcile.external-secrets.io/managed', 'External Secrets'],
];

/** Undefined: nobody but us and whoever has kubectl. */
function keeperOf({ metadata, ...secret }: KubeObject): string | undefined {
  const [owner] = metadata.ownerReferences ?? [];
  if (owner !== undefined) return `${owner.kind} ${owner.name}`;
  const all = { ...metadata.labels, ...metadata.annotations };
  const mark = marks.find(([key]) => all[key] !== undefined);
  if (mark !== undefined) return mark[1];
  const manager = metadata.labels?.['app.kubernetes.io/managed-by'];
  if (manager !== undefined && manager !== 'cognito-gate') return manager;
  return secret['immutable'] === true ? 'whoever made it immutable' : undefined;
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
