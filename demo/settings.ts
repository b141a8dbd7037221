import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));
/** Relative to the root: what `ready.json` and the printed lines say. Tests move it, so that they don't disturb a demo that somebody is looking at. */
export const cache = process.env['DEMO_CACHE'] ?? '.cache/demo';
export const policies = 'demo/policies';

export const inRoot = (path: string): string => join(root, path);

export const hosts = {
  signIn: 'auth.gate.localhost',
  shop: 'shop.acme.localhost',
  wiki: 'wiki.example.localhost',
  /** In the cluster only, and protected by nobody to begin with. */
  news: 'news.example.localhost',
  cognito: 'cognito.localhost',
} as const;

/** The port that `demo/policies/pool.yaml` has in it. */
export const defaultCognitoPort = 9443;

const defaults = {
  public: { variable: 'DEMO_PORT', port: 8443, purpose: 'https' },
  cognito: { variable: 'DEMO_COGNITO_PORT', port: defaultCognitoPort, purpose: 'the stand-in for Cognito' },
  decisions: { variable: 'DEMO_DECISIONS_PORT', port: 8080, purpose: 'decisions' },
  signIn: { variable: 'DEMO_SIGN_IN_PORT', port: 8081, purpose: 'the sign-in pages behind NGINX' },
  operations: { variable: 'DEMO_OPERATIONS_PORT', port: 9090, purpose: 'health and metrics' },
} as const;

export type PortName = keyof typeof defaults;

export interface PortSetting {
  readonly variable: string;
  readonly port: number;
  readonly purpose: string;
}

export type Ports = Readonly<Record<PortName, PortSetting>>;

/** Every port, moved where the environment says so. */
export function readPorts(environment: NodeJS.ProcessEnv): Ports {
  const read = (name: PortName): PortSetting => {
    const setting = defaults[name];
    const text = environment[setting.variable];
    if (text === undefined || text === '') return setting;
    const port = Number(text);
    if (!/^\d{1,5}$/.test(text) || port < 1 || port > 65_535) {
      throw new Error(`${setting.variable}=${text} is not a port: set it to a number from 1 to 65535`);
    }
    return { ...setting, port };
  };
  const ports = {
    public: read('public'),
    cognito: read('cognito'),
    decisions: read('decisions'),
    signIn: read('signIn'),
    operations: read('operations'),
  };
  const taken = new Map<number, string>();
  for (const { port, variable } of Object.values(ports)) {
    const other = taken.get(port);
    if (other !== undefined) throw new Error(`Port ${port} is given twice: set ${variable} or ${other} to another one`);
    taken.set(port, variable);
  }
  return ports;
}

/** `https://host:port`, without the port where browsers leave it out. */
export function origin(host: string, port: number): string {
  return port === 443 ? `https://${host}` : `https://${host}:${port}`;
}
