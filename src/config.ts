import { readFile } from 'node:fs/promises';
import { parseDocument } from 'yaml';
import { z } from 'zod';
import { clusterFields, clusterSource } from './config-cluster.ts';
import { keyRingRotation, refreshesPerSecond, store } from './config-store.ts';
import { address, duration, folder, host, namespaces, port, portOf, reference, shaped } from './config-fields.ts';
import { logLevels } from './telemetry/logger.ts';

const logLevel = `must be one of ${logLevels.join(', ')}`;

const Listen = z
  .strictObject(
    {
      decisions: address.default('0.0.0.0:8080'),
      signIn: address.default('0.0.0.0:8081'),
      operations: address.default('0.0.0.0:9090'),
    },
    'must hold decisions, signIn and operations, each host:port',
  )
  .superRefine((listen, context) => {
    const taken = new Map<number, string>();
    for (const [name, value] of Object.entries(listen)) {
      const other = taken.get(portOf(value));
      if (other !== undefined && portOf(value) !== 0)
        context.addIssue({ code: 'custom', path: [name], message: `must have another port than listen.${other}` });
      taken.set(portOf(value), name);
    }
  });

const ConfigFile = z.strictObject(
  {
    signInHost: host.describe(
      'Host of the sign-in pages; its /oauth2/callback and /oauth2/signed-out are registered with Cognito.',
    ),
    publicPort: port.default(443).describe('Port of the https listeners as browsers see it.'),
    prefix: shaped(
      /^\/[A-Za-z0-9_-]{1,40}$/,
      'must be one path segment after a slash, of letters, digits, _ and -, for instance /_cognito-gate',
    )
      .default('/_cognito-gate')
      .describe('First segment of our paths on app hosts.'),
    defaultPool: reference.optional().describe('Pool for policies that name none.'),
    poolNamespaces: namespaces.describe('Namespaces where CognitoPool objects are read, besides that of the release.'),
    source: z
      .strictObject(
        { folder: folder.optional(), cluster: clusterSource.optional() },
        'must be like { folder: objects } or { cluster: {} }',
      )
      .refine(
        (value) => (value.folder === undefined) !== (value.cluster === undefined),
        'must hold folder or cluster, and not both',
      )
      .describe(
        '{ folder: DIR }: a folder of YAML with the objects; or { cluster: { namespaces: [] } }: the API server.',
      ),
    secretsDir: folder.optional().describe('With a folder: the folder of secrets, <namespace>/<name>/<key>.'),
    keyRingSecret: reference.describe('Secret with the keys that seal cookies.'),
    keyRingRotation,
    store,
    refreshesPerSecond,
    extraCaFile: z
      .string('must be the path of a PEM file')
      .min(1, 'must be the path of a PEM file')
      .optional()
      .describe('PEM file of certificates to trust towards Cognito, besides the system’s.'),
    contact: z
      .string('must be text of 1 to 300 characters')
      .min(1, 'must be text of 1 to 300 characters')
      .max(300, 'must be text of 1 to 300 characters')
      .optional()
      .describe('Whom to ask for access; shown on the denial page.'),
    clientAddress: z
      .enum(['XRealIp', 'Unknown'], 'must be XRealIp or Unknown')
      .default('Unknown')
      .describe('Whether the proxy’s X-Real-IP is the client’s address; source ranges need it.'),
    acmeChallenges: z
      .boolean('must be true or false')
      .default(true)
      .describe('Let GET /.well-known/acme-challenge/<token> through, so that certificates renew.'),
    listen: Listen.prefault({}).describe(
      '{ decisions: HOST:PORT, signIn: …, operations: … }: the three ports, 0.0.0.0:8080, :8081 and :9090 unless set.',
    ),
    shutdownDelay: duration
      .default('40s')
      .describe('How long to go on answering after SIGTERM: NGINX remembers addresses for 30 s.'),
    ...clusterFields,
    log: z
      .strictObject({ level: z.enum(logLevels, logLevel).default('info') }, 'must be like { level: info }')
      .prefault({})
      .describe(`{ level: LEVEL }: ${logLevels.join(', ')}.`),
  },
  'must be fields, for instance signInHost: auth.example.com',
);

/** What one of the two sources needs, and the other can't use. */
const Complete = ConfigFile.superRefine((config, context) => {
  const missing = (field: string, message: string): void =>
    context.addIssue({ code: 'custom', path: [field], message, input: undefined });
  if (config.source.folder !== undefined) {
    if (config.secretsDir === undefined) missing('secretsDir', 'must be the path of a folder');
    if (config.keyRingRotation !== undefined)
      missing('keyRingRotation', 'must be left out with a folder, where a new key is a new file');
    if (config.poolNamespaces.length === 0)
      missing('poolNamespaces', 'must be a list of namespaces, for instance [identity]');
    return;
  }
  if (config.source.cluster === undefined) return;
  if (config.release === undefined) missing('release', 'must be like { namespace: cognito-gate, name: cognito-gate }');
  if (config.decisionsAddress === undefined) missing('decisionsAddress', 'must be host:port as the proxies reach it');
  if (config.signInService === undefined)
    missing('signInService', 'must be like { name: cognito-gate-sign-in, port: 8081 }');
});

export type Config = Readonly<z.infer<typeof ConfigFile>>;
export const configSchema = ConfigFile;

/** Every mistake of a configuration file in one error. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** In: path of a YAML file. Throws a ConfigError that lists every mistake with its field, value and fix. */
export async function loadConfig(file: string, over: Readonly<Record<string, unknown>> = {}): Promise<Config> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw new ConfigError(
      `${file}: can't be read (${error instanceof Error && 'code' in error ? String(error.code) : 'error'})`,
      { cause: error },
    );
  }
  return parseConfig(text, file, over);
}

/** `over`: fields that go before those of the file. */
export function parseConfig(text: string, file: string, over: Readonly<Record<string, unknown>> = {}): Config {
  const document = parseDocument(text, { prettyErrors: true });
  if (document.errors.length > 0)
    throw new ConfigError([`${file} is not YAML:`, ...document.errors.map((error) => `  ${error.message}`)].join('\n'));
  const written: unknown = document.toJS({ maxAliasCount: 10 });
  const value = isFields(written) ? { ...written, ...over } : written;
  const result = Complete.safeParse(value ?? {});
  if (result.success) return result.data;
  const lines = result.error.issues.map((issue) => `  ${describeIssue(issue, value)}`);
  throw new ConfigError([`${file} has ${lines.length} mistake${lines.length === 1 ? '' : 's'}:`, ...lines].join('\n'));
}

function isFields(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function describeIssue(issue: z.core.$ZodIssue, root: unknown): string {
  const field = issue.path.map(String).join('.');
  if (issue.code === 'unrecognized_keys') {
    const names = issue.keys.map((key) => (field === '' ? key : `${field}.${key}`)).join(', ');
    return `${names}: there is no such field; remove it or correct its name (cognito-gate --help lists the fields)`;
  }
  const value = valueAt(root, issue.path);
  if (value === undefined) return `${field}: is missing; it ${issue.message}`;
  return `${field === '' ? 'the whole file' : field}: ${JSON.stringify(value)} ${issue.message}`;
}

function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  let value: unknown = root;
  for (const key of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = Reflect.get(value, key);
  }
  return value;
}
