import { parseAllDocuments } from 'yaml';
import type { Cluster } from '../support/cluster/cluster.ts';
import type { TestObject } from '../support/cluster/objects.ts';

export const release = 'cognito-gate';

interface Webhook {
  readonly name: string;
  readonly clientConfig: object;
}

/** The chart's webhooks and guard as objects; `url` is asked where the chart would have a Service. */
export async function chartObjects(
  cluster: Cluster,
  o: { readonly url: (webhook: string) => string; readonly caBundle?: string; readonly sets?: readonly string[] },
): Promise<readonly TestObject[]> {
  const text = await cluster.helm(
    ...['template', release, 'charts/cognito-gate', '-n', release].concat(
      ['-f', 'charts/cognito-gate/ci/test-machine.values.yaml', ...(o.sets ?? [])],
      ['-s', 'templates/webhooks.yaml', '-s', 'templates/validating-admission-policy.yaml'],
    ),
  );
  const objects = parseAllDocuments(text).map((document) => document.toJS() as TestObject);
  return objects.map((object) => {
    const webhooks = object['webhooks'] as readonly Webhook[] | undefined;
    if (webhooks === undefined) return object;
    const asked = (webhook: Webhook): object => ({
      ...webhook,
      clientConfig: { url: o.url(webhook.name), ...(o.caBundle !== undefined && { caBundle: o.caBundle }) },
    });
    return { ...object, webhooks: webhooks.map(asked) };
  });
}
