import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stackHosts, startStack, until } from './stack.ts';
import type { Stack } from './stack.ts';

export const rules =
  '{ deny: [{ groups: [suspended] }], rules: [{ name: health, match: { paths: [{ type: Exact, value: /healthz }] }, access: Public }, { name: admin, match: { paths: [{ type: PathPrefix, value: /admin }] }, allow: [{ groups: [admins] }] }, { name: rest, access: SignedIn }]';
const ingress = (name: string, host: string, path: string): string => `
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { name: ${name}, namespace: ${name}, annotations: { cognito-gate.dev/policy: ${name} } }
spec:
  rules: [{ host: ${host}, http: { paths: [{ path: ${path}, pathType: Prefix, backend: { service: { name: ${name}, port: { number: 80 } } } }] } }]
`;
const policy = (name: string, poolRefs: string, spec = rules): string => `
---
apiVersion: cognito-gate.dev/v1alpha1
kind: AccessPolicy
metadata: { name: ${name}, namespace: ${name} }
spec: ${spec}, poolRefs: [${poolRefs}] }
`;
const staff = '{ name: staff, namespace: identity }';
const tenant = '{ name: tenant, namespace: identity }';
/** Two routes of one host, each with a pool of its own (S25). */
const apps = `${ingress('shop', stackHosts.shop, '/')}${policy('shop', staff)}${ingress('wiki', stackHosts.shop, '/tenant')}${policy('wiki', tenant)}`;

/** A stack whose routes `shop` and `wiki` are both on the host of shop, wiki at `/tenant`. */
export async function startTwoPools(): Promise<Stack> {
  const stack = await startStack({ apps, wiring: { wiki: { host: stackHosts.shop, path: '/tenant' } } });
  const pool = await readFile(join(stack.policies, 'pool.yaml'), 'utf8');
  await stack.write('tenant.yaml', pool.replace('name: staff, namespace', 'name: tenant, namespace'));
  const isThere = async (): Promise<boolean> => (await stack.visitor().ask(`${stack.urls.shop}/tenant`)).status === 302;
  await until(isThere, 'the pool of the tenant', 5);
  return stack;
}
