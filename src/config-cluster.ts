import { z } from 'zod';
import { address, file, folder, namespaceName, namespaces, objectName, port } from './config-fields.ts';

const owner = z.strictObject(
  { apiVersion: z.string(), kind: z.string(), name: objectName },
  'must be like { apiVersion: apps/v1, kind: Deployment, name: cognito-gate }',
);

const certificate = z
  .strictObject(
    {
      secret: objectName.optional(),
      dnsNames: z.array(z.string()).max(16).default([]),
      folder: folder.optional(),
    },
    'must hold secret (made and rotated by us) or folder (of a mounted Secret, for instance of cert-manager)',
  )
  .refine(
    (value) => (value.secret === undefined) !== (value.folder === undefined),
    'must hold secret or folder, and not both',
  );

const webhook = z.strictObject(
  {
    listen: address.default('0.0.0.0:8443'),
    certificate,
    configurations: z
      .strictObject({ mutating: objectName, validating: objectName }, 'must hold mutating and validating')
      .optional(),
  },
  'must be like { certificate: { secret: cognito-gate-webhook-tls } }',
);

/** A pool that comes with the installation: its object could not be applied together with its own CRD. */
const pool = z.strictObject(
  { name: objectName, spec: z.record(z.string(), z.unknown()) },
  'must be like { name: default, spec: { userPoolId: … } }',
);

export const clusterSource = z.strictObject(
  {
    kubeconfig: file.optional(),
    context: z.string().optional(),
    /** Where the kubelet puts token and ca.crt of a Pod, where it isn't the usual place. */
    serviceAccountFolder: folder.optional(),
    namespaces: namespaces.default([]),
  },
  'must be like { namespaces: [] }',
);

/** What a cluster needs beside the fields that a folder needs too. */
export const clusterFields = {
  controllerName: namespaceName
    .default('cognito-gate')
    .describe(
      'Tells two installations in one cluster apart; objects without the annotation `cognito-gate.dev/controller` belong to `cognito-gate`.',
    ),
  release: z
    .strictObject(
      { namespace: namespaceName, name: objectName, owner: owner.optional() },
      'must be like { namespace: cognito-gate, name: cognito-gate }',
    )
    .optional()
    .describe(
      '{ namespace: NAMESPACE, name: NAME, owner: OBJECT }: where our own objects live, and how their names start.',
    ),
  decisionsAddress: z
    .string('must be host:port as the proxies reach it')
    .regex(/^(https?:\/\/)?[A-Za-z0-9.:[\]-]{1,253}$/, 'must be host:port as the proxies reach it')
    .optional()
    .describe('Where proxies ask for decisions: NAME.NAMESPACE.svc.CLUSTER-DOMAIN:8080.'),
  signInService: z
    .strictObject({ name: objectName, port }, 'must be like { name: cognito-gate-sign-in, port: 8081 }')
    .optional()
    .describe('{ name: NAME, port: PORT }: Service of the sign-in port, in the namespace of the release.'),
  companions: z
    .enum(['Auto', 'Manual'], 'must be Auto or Manual')
    .default('Auto')
    .describe('Whether the Ingresses of the sign-in paths on app hosts are made by us.'),
  onPolicyGone: z
    .enum(['Refuse', 'Open'], 'must be Refuse or Open')
    .default('Refuse')
    .describe('What becomes of a wired Ingress whose policy went.'),
  sharedHosts: z
    .enum(['Refuse', 'Allow'], 'must be Refuse or Allow')
    .default('Refuse')
    .describe('Whether an Ingress may take a host that another namespace has, where one of the two is protected.'),
  probeApps: z
    .string('must be host:port of the proxy')
    .regex(/^[A-Za-z0-9.:[\]-]{1,253}:\d{1,5}$/, 'must be host:port of the proxy')
    .optional()
    .describe(
      'Where the proxy answers https: there the leader asks every five minutes whether protected apps are closed.',
    ),
  ingressControllers: z
    .array(z.string().max(250), 'must be a list, for instance [k8s.io/ingress-nginx]')
    .min(1, 'must be a list, for instance [k8s.io/ingress-nginx]')
    .max(16)
    .default(['k8s.io/ingress-nginx'])
    .describe('Controllers of IngressClasses whose proxies read our annotations.'),
  pools: z
    .array(pool, 'must be a list of { name, spec }')
    .max(16, 'must be a list of at most 16 pools')
    .default([])
    .describe('Pools that come with the installation, in the namespace of the release: [{ name: NAME, spec: … }].'),
  webhook: webhook
    .optional()
    .describe('{ listen: HOST:PORT, certificate: …, configurations: … }: the admission webhook; absent: none.'),
};
