export const annotationPrefix = 'cognito-gate.dev/';

export interface AnnotationInfo {
  readonly name: string;
  /** Whether it makes an Ingress closed until a policy is in force (flows.md "Protected"). */
  readonly mark: boolean;
  readonly value: string;
  readonly text: string;
}

/** Every annotation of ours; another one is an error that names it (P11). */
export const annotationList = [
  {
    name: 'policy',
    mark: true,
    value: 'shop',
    text: 'Name of an AccessPolicy of the same namespace. Excludes the five below it.',
  },
  {
    name: 'allowed-groups',
    mark: true,
    value: 'admins,ops',
    text: 'Members of any of these groups may pass. A name with a comma must be in an AccessPolicy. Excludes `access`.',
  },
  {
    name: 'access',
    mark: true,
    value: 'SignedIn',
    text: '`SignedIn`: everybody who is signed in. `Public`: everybody. Excludes `allowed-groups`.',
  },
  {
    name: 'public-paths',
    mark: true,
    value: '/healthz,/assets/*',
    text: 'GET and HEAD pass for everybody: exact paths; a trailing `/*` means everything below.',
  },
  {
    name: 'pool',
    mark: true,
    value: 'identity/staff',
    text: '`namespace/name` (or `name` in the same namespace) of a CognitoPool; absent: the default pool.',
  },
  { name: 'cors-preflight', mark: true, value: 'Pass', text: '`Check` or `Pass`, as `corsPreflight` of a policy.' },
  {
    name: 'controller',
    mark: true,
    value: 'cognito-gate',
    text: 'Name of the installation that the Ingress belongs to; absent: the one named `cognito-gate`. Without effect where a ClusterAccessPolicy with a default selects the Ingress.',
  },
  {
    name: 'status',
    mark: false,
    value: '',
    text: 'Written by the controller: how protection began, its state, the policy in force and, where it refuses, the reason. Write nothing here.',
  },
  {
    name: 'unprotect',
    mark: false,
    value: '"true"',
    text: 'Withdraws protection from an Ingress that was wired. Remove the marks first; without effect where a ClusterAccessPolicy selects the Ingress.',
  },
  {
    name: 'take-over',
    mark: false,
    value: '"true"',
    text: 'Replaces an `auth-url` of somebody else on a protected Ingress; not while helm or server-side apply owns it.',
  },
] as const satisfies readonly AnnotationInfo[];

export type AnnotationName = (typeof annotationList)[number]['name'];

export function annotationInfo(name: string): (typeof annotationList)[number] | undefined {
  return annotationList.find((info) => info.name === name);
}
