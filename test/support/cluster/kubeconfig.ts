import { writeFile } from 'node:fs/promises';

export interface KubeconfigInput {
  readonly server: string;
  /** PEM text of the CA. */
  readonly ca: string;
  readonly user: string;
  readonly token: string;
}

/** Writes a kubeconfig (JSON is YAML) and answers with its path. */
export async function writeKubeconfig(file: string, input: KubeconfigInput): Promise<string> {
  const { server } = input;
  const trust = server.startsWith('http:')
    ? { 'insecure-skip-tls-verify': true }
    : { 'certificate-authority-data': Buffer.from(input.ca).toString('base64') };
  const cluster = { server, ...trust };
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'test',
    clusters: [{ name: 'test', cluster }],
    users: [{ name: input.user, user: { token: input.token } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: input.user } }],
  };
  await writeFile(file, JSON.stringify(config), { mode: 0o600 });
  return file;
}
