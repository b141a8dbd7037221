import { setTimeout as sleep } from 'node:timers/promises';
import { resources } from '../src/kubernetes/resources.ts';
import { startApp } from '../test/support/app.ts';
import type { GateCluster } from '../test/support/gate-cluster.ts';
import { apply, inParallel, ingress, namespaces, placeOf, policy } from './thousand.ts';

/** Protected Ingresses with a policy each, and some open ones to change; answers with the app's port. */
export async function fill(gate: GateCluster, count: number, open: number): Promise<number> {
  const { port } = await startApp('bench');
  const objects = namespaces.map(
    (name) => `
apiVersion: v1
kind: Namespace
metadata: { name: ${name} }
---
apiVersion: v1
kind: Service
metadata: { name: app, namespace: ${name} }
spec: { type: ExternalName, externalName: localhost, ports: [{ name: http, port: ${port} }] }
`,
  );
  await gate.apply(objects.join('---'));
  const client = gate.cluster.client();
  const numbers = Array.from({ length: count }, (_, index) => index);
  await inParallel(numbers, 8, async (index) => {
    const place = placeOf('shop', index);
    await apply(client, 'accessPolicies', place, policy(place, '/healthz', false));
    await apply(client, 'ingresses', place, ingress(place, port, { 'cognito-gate.dev/policy': place.name }));
    if (index % 100 === 99) console.log(`(${index + 1} Ingresses)`);
  });
  for (const kind of ['annotated', 'targeted']) {
    await inParallel(numbers.slice(0, open), 8, async (index) => {
      const place = placeOf(kind, index);
      await apply(client, 'ingresses', place, ingress(place, port, {}));
    });
  }
  await inParallel(numbers.slice(0, open), 8, async (index) => {
    const place = placeOf('made', index);
    await apply(client, 'accessPolicies', place, policy(place, '/healthz', false));
  });
  return port;
}

interface Conditions {
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

/** Returns once every policy says that its Ingress is protected: wired, with its companion, decided on both replicas. */
export async function settled(gate: GateCluster, count: number): Promise<void> {
  for (let waited = 0; waited < 600; waited += 2) {
    const { items } = await gate.cluster.client().list({ resource: resources.accessPolicies });
    const protectedOnes = items.filter((item) =>
      (item as Conditions).status?.conditions?.some(({ type, status }) => type === 'Protected' && status === 'True'),
    );
    console.log(`(${protectedOnes.length} of ${count} say Protected)`);
    if (protectedOnes.length >= count) return;
    await sleep(2000);
  }
  throw new Error('the Ingresses are not protected after 10 minutes');
}
