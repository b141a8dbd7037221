import { readFile } from 'node:fs/promises';
import { parseDocument } from 'yaml';
import { z } from 'zod';
import { logLevels } from './telemetry/logger.ts';

const address = z
  .string()
  .regex(/^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+):\d{1,5}$/, 'must be host:port, for instance 127.0.0.1:8080')
  .refine((text) => !(Number(text.slice(text.lastIndexOf(':') + 1)) > 65_535), 'must have a port up to 65535');
const reference = z.string().regex(/^[a-z0-9.-]{1,63}\/[a-z0-9.-]{1,253}$/, 'must be namespace/name');
const duration = z.string().regex(/^\d{1,6}(s|m|h)$/, 'must be a number with s, m or h, for instance 40s');
const host = z
  .string()
  .regex(
    /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/,
    'must be a lower-case host name without scheme and port',
  );

const ConfigFile = z.strictObject({
  signInHost: host.describe(
    'Host of the sign-in pages; its /oauth2/callback and /oauth2/signed-out are registered with Cognito.',
  ),
  publicPort: z.int().min(1).max(65_535).default(443).describe('Port of the https listeners as browsers see it.'),
  prefix: z
    .string()
    .regex(/^\/[A-Za-z0-9_-]{1,40}$/, 'must be one path segment of letters, digits, _ and -, without a dot')
    .default('/_cognito-gate')
    .describe('First segment of our paths on app hosts.'),
  defaultPool: reference.optional().describe('Pool for policies that name none.'),
  poolNamespaces: z
    .array(z.string().min(1).max(63))
    .min(1)
    .max(32)
    .describe('Namespaces where CognitoPool objects are read.'),
  source: z.strictObject({ folder: z.string().min(1).describe('Folder of YAML with the objects.') }),
  secretsDir: z.string().min(1).describe('Folder of secrets: <namespace>/<name>/<key>.'),
  keyRingSecret: reference.describe('Secret with the keys that seal cookies.'),
  extraCaFile: z
    .string()
    .min(1)
    .optional()
    .describe('PEM file of certificates to trust towards Cognito, besides the system’s.'),
  contact: z.string().min(1).max(300).optional().describe('Whom to ask for access; shown on the denial page.'),
  clientAddress: z
    .enum(['XRealIp', 'Unknown'])
    .default('Unknown')
    .describe('Whether the proxy’s X-Real-IP is the client’s address; source ranges need it.'),
  acmeChallenges: z
    .boolean()
    .default(true)
    .describe('Let GET /.well-known/acme-challenge/<token> through, so that certificates renew.'),
  listen: z
    .strictObject({
      decisions: address.default('0.0.0.0:8080'),
      signIn: address.default('0.0.0.0:8081'),
      operations: address.default('0.0.0.0:9090'),
    })
    .prefault({}),
  shutdownDelay: duration
    .default('40s')
    .describe('How long to go on answering after SIGTERM: NGINX remembers addresses for 30 s.'),
  log: z.strictObject({ level: z.enum(logLevels).default('info') }).prefault({}),
});

export type Config = Readonly<z.infer<typeof ConfigFile>>;
export const configSchema = ConfigFile;

/** Every mistake of a configuration file in one error. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** In: path of a YAML file. Throws a ConfigError that lists every mistake with its field, value and fix. */
export async function loadConfig(file: string): Promise<Config> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw new ConfigError(
      `${file}: can't be read (${error instanceof Error && 'code' in error ? String(error.code) : 'error'})`,
      { cause: error },
    );
  }
  return parseConfig(text, file);
}

export function parseConfig(text: string, file: string): Config {
  const document = parseDocument(text, { prettyErrors: true });
  if (document.errors.length > 0)
    throw new ConfigError([`${file} is not YAML:`, ...document.errors.map((error) => `  ${error.message}`)].join('\n'));
  const value: unknown = document.toJS({ maxAliasCount: 10 });
  const result = ConfigFile.safeParse(value ?? {});
  if (result.success) return result.data;
  const lines = result.error.issues.map((issue) => `  ${describeIssue(issue, value)}`);
  throw new ConfigError([`${file} has ${lines.length} mistake${lines.length === 1 ? '' : 's'}:`, ...lines].join('\n'));
}

function describeIssue(issue: z.core.$ZodIssue, root: unknown): string {
  const field = issue.path.map(String).join('.');
  if (issue.code === 'unrecognized_keys') {
    const names = issue.keys.map((key) => (field === '' ? key : `${field}.${key}`)).join(', ');
    return `${names}: there is no such field; remove it or correct its name (cognito-gate --help lists the fields)`;
  }
  const value = valueAt(root, issue.path);
  if (value === undefined) return `${field}: is missing; ${expected(issue)}`;
  return `${field}: ${JSON.stringify(value)} ${issue.message.startsWith('must') ? issue.message : `is wrong: ${issue.message}`}`;
}

function expected(issue: z.core.$ZodIssue): string {
  return issue.code === 'invalid_type' ? `give a ${issue.expected}` : issue.message;
}

function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  let value: unknown = root;
  for (const key of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = Reflect.get(value, key);
  }
  return value;
}

/** "40s", "5m", "1h" → milliseconds. */
export function milliseconds(text: string): number {
  const unit = text.endsWith('h') ? 3_600_000 : text.endsWith('m') ? 60_000 : 1000;
  return Number(text.slice(0, -1)) * unit;
}
