import { execFile } from 'node:child_process';
import { access, mkdir, writeFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Paths of PEM files. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

export interface CertificateAuthority {
  readonly cert: string;
  /** Issues a certificate for these host names and addresses. */
  issue(name: string, hosts: readonly string[]): Promise<Certificate>;
}

async function openssl(args: readonly string[]): Promise<void> {
  try {
    await run('openssl', [...args]);
  } catch (error) {
    throw new Error(`openssl ${args[0] ?? ''} failed: is openssl installed? (apt-get install openssl)`, {
      cause: error,
    });
  }
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}

/** Valid for a day longer at least: a demo that was begun yesterday keeps the CA that the reader trusted. */
async function stillGood(cert: string, key: string): Promise<boolean> {
  if (!(await exists(cert)) || !(await exists(key))) return false;
  return await run('openssl', ['x509', '-in', cert, '-noout', '-checkend', '86400']).then(
    () => true,
    () => false,
  );
}

const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

/**
 * Makes a CA in a folder, or takes the one that is there. It can vouch for nothing but `.localhost` and 127.0.0.1
 * (name constraints), so that trusting it in a browser is no danger even if its key leaks.
 */
export async function createAuthority(folder: string): Promise<CertificateAuthority> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const cert = join(folder, 'ca.pem');
  const key = join(folder, 'ca.key');
  if (!(await stillGood(cert, key))) await createRoot(cert, key);
  return { cert, issue: async (name, hosts) => await issue(folder, { cert, key }, name, hosts) };
}

async function createRoot(cert: string, key: string): Promise<void> {
  const extensions = [
    'basicConstraints=critical,CA:TRUE,pathlen:0',
    'keyUsage=critical,keyCertSign,cRLSign',
    'nameConstraints=critical,permitted;DNS:localhost,permitted;IP:127.0.0.1/255.255.255.255',
  ];
  const config = `${key}.cnf`;
  await writeFile(config, '[req]\ndistinguished_name=name\nprompt=no\n[name]\nCN=cognito-gate local CA\n');
  const options = ['-config', config, '-days', '30', '-keyout', key, '-out', cert];
  await openssl(['req', '-x509', ...newKey, ...options, ...extensions.flatMap((text) => ['-addext', text])]);
}

async function issue(folder: string, ca: Certificate, name: string, hosts: readonly string[]): Promise<Certificate> {
  const [cert, key, request, extensions] = ['pem', 'key', 'csr', 'ext'].map((end) => join(folder, `${name}.${end}`));
  if (cert === undefined || key === undefined || request === undefined || extensions === undefined)
    throw new Error(name);
  const names = hosts.map((host) => `${isIP(host) === 0 ? 'DNS' : 'IP'}:${host}`).join(',');
  const lines = [
    'basicConstraints=critical,CA:FALSE',
    'keyUsage=critical,digitalSignature',
    'extendedKeyUsage=serverAuth',
    'subjectKeyIdentifier=hash',
    'authorityKeyIdentifier=keyid',
    `subjectAltName=${names}`,
  ];
  await writeFile(extensions, `${lines.join('\n')}\n`);
  const config = `${key}.cnf`;
  await writeFile(config, `[req]\ndistinguished_name=name\nprompt=no\n[name]\nCN=${name}\n`);
  await openssl(['req', ...newKey, '-config', config, '-keyout', key, '-out', request]);
  const sign = ['-CA', ca.cert, '-CAkey', ca.key, '-CAcreateserial', '-days', '30', '-extfile', extensions];
  await openssl(['x509', '-req', '-in', request, ...sign, '-out', cert]);
  return { cert, key };
}
