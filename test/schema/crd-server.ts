import type { Cluster } from '../support/cluster/cluster.ts';
import type { Json } from './crd-objects.ts';
import { crdPaths } from './crd-validations.ts';

/** Applied, established and served. */
export async function installCrds(cluster: Cluster): Promise<void> {
  const files = crdPaths.flatMap((path) => ['-f', path]);
  await cluster.kubectl('apply', '--server-side', ...files);
  await cluster.kubectl('wait', '--for=condition=Established', '--timeout=30s', ...files);
}

interface Status {
  readonly message?: string;
  readonly details?: { readonly causes?: readonly { readonly field?: string; readonly message?: string }[] };
}

export interface ServerAnswer {
  readonly accepted: boolean;
  /** `field: message`, as kubectl prints them. */
  readonly causes: readonly string[];
  readonly message: string;
  /** As it would be stored, with defaults. */
  readonly stored: Json;
}

const plurals: Readonly<Record<string, string>> = {
  AccessPolicy: 'accesspolicies',
  ClusterAccessPolicy: 'clusteraccesspolicies',
  CognitoPool: 'cognitopools',
  SessionRevocation: 'sessionrevocations',
};

function collection(object: Json): string {
  const group = '/apis/cognito-gate.dev/v1alpha1';
  const plural = plurals[String(object['kind'])] ?? '';
  return plural === 'clusteraccesspolicies' ? `${group}/${plural}` : `${group}/namespaces/default/${plural}`;
}

/** What creating the object would come to, unknown fields refused as kubectl has it; nothing is created. */
export async function answerTo(cluster: Cluster, object: Json): Promise<ServerAnswer> {
  const path = `${collection(object)}?dryRun=All&fieldValidation=Strict`;
  const { status, body } = await cluster.ask({ method: 'POST', path, body: object });
  const said = body as Status;
  const causes = (said.details?.causes ?? []).map(({ field = '', message = '' }) => `${field}: ${message}`);
  const accepted = status === 201;
  return { accepted, causes, message: accepted ? '' : (said.message ?? ''), stored: accepted ? (body as Json) : {} };
}
