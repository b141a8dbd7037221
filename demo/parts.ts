import { randomBytes } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { routeId } from '../src/translate/route-id.ts';
import { startApp } from '../test/support/app.ts';
import { createAuthority } from '../test/support/certificates.ts';
import type { CertificateAuthority } from '../test/support/certificates.ts';
import { startChild } from '../test/support/child.ts';
import type { Child } from '../test/support/child.ts';
import { startNginx } from '../test/support/nginx.ts';
import { configFile, providePolicies, writeConfig, writeSecrets } from './files.ts';
import { withoutProxy } from './environment.ts';
import { appsReady, programReady } from './probe.ts';
import { announcement, programLog, readyFile } from './announcement.ts';
import type { OnStop, Started } from './run.ts';
import { cache, hosts, inRoot } from './settings.ts';
import { startStandIn } from './stand-in.ts';
import type { Ports } from './settings.ts';

async function startProgram(ports: Ports, onStop: OnStop): Promise<Child> {
  const program = startChild({
    name: 'cognito-gate',
    command: process.execPath,
    args: [inRoot('src/main.ts'), 'serve', '--config', inRoot(configFile)],
    env: withoutProxy(process.env),
    logFile: inRoot(programLog),
  });
  onStop(async () => await program.stop());
  try {
    await programReady(ports, () => program.how());
  } catch (error) {
    const log = await readFile(inRoot(programLog), 'utf8').catch(() => '');
    throw new Error(`${error instanceof Error ? error.message : String(error)}\n${log.slice(-4000)}`, { cause: error });
  }
  return program;
}

async function startProxy(ports: Ports, authority: CertificateAuthority, onStop: OnStop): Promise<Child> {
  const shop = await startApp('shop');
  onStop(async () => await shop.close());
  const wiki = await startApp('wiki');
  onStop(async () => await wiki.close());
  const nginx = await startNginx({
    folder: inRoot(`${cache}/nginx`),
    port: ports.public.port,
    portVariable: ports.public.variable,
    tls: await authority.issue('nginx', [hosts.signIn, hosts.shop, hosts.wiki]),
    decisions: `127.0.0.1:${ports.decisions.port}`,
    signIn: `127.0.0.1:${ports.signIn.port}`,
    signInHost: hosts.signIn,
    routes: [
      { host: hosts.shop, routeId: routeId('shop', 'shop'), upstreamPort: shop.port },
      { host: hosts.wiki, routeId: routeId('wiki', 'wiki'), upstreamPort: wiki.port },
    ],
  });
  onStop(async () => await nginx.stop());
  return nginx.child;
}

/** Starts every part in order; each is real, only Cognito is a stand-in. */
export async function startParts(ports: Ports, onStop: OnStop): Promise<Started> {
  await mkdir(inRoot(cache), { recursive: true, mode: 0o700 });
  const authority = await createAuthority(inRoot(`${cache}/certificates`));
  const clientSecret = randomBytes(24).toString('hex');
  await writeSecrets(clientSecret);
  const provided = await providePolicies(ports);
  onStop(() => provided.close());
  await writeConfig(ports, provided.folder, authority.cert);
  await startStandIn(ports, authority, clientSecret, onStop);
  const program = await startProgram(ports, onStop);
  const nginx = await startProxy(ports, authority, onStop);
  await appsReady(ports, await readFile(authority.cert, 'utf8'), () => program.how() ?? nginx.how());
  return {
    ended: Promise.race([program.ended, nginx.ended]),
    readyFile: readyFile(ports),
    announcement: announcement(ports),
  };
}
