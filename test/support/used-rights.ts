import type { AuditEvent } from './cluster/audit.ts';

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

export interface Role {
  /** Undefined: of a ClusterRole. */
  readonly namespace: string | undefined;
  readonly rules: readonly Rule[];
}

/** Every verb that the roles give, as `verb resource.group in namespace`, and that no request has used. */
export function unusedRights(roles: readonly Role[], requests: readonly AuditEvent[]): readonly string[] {
  const all = roles.flatMap(({ namespace, rules }) =>
    rules.flatMap(({ apiGroups, resources, verbs }) =>
      apiGroups.flatMap((group) =>
        resources.flatMap((resource) => verbs.map((verb) => ({ namespace, group, resource, verb }))),
      ),
    ),
  );
  return all
    .filter((right) => !requests.some((request) => uses(request, right)))
    .map(({ namespace, group, resource, verb }) => `${verb} ${resource}.${group} in ${namespace ?? 'the cluster'}`);
}

function uses(
  request: AuditEvent,
  right: {
    readonly namespace: string | undefined;
    readonly group: string;
    readonly resource: string;
    readonly verb: string;
  },
): boolean {
  const resource = request.subresource === '' ? request.resource : `${request.resource}/${request.subresource}`;
  const isThere = right.namespace === undefined || right.namespace === request.namespace;
  if (!isThere || request.group !== right.group || resource !== right.resource || request.status === 403) return false;
  // An apply that makes its object needs the right to create as well, and is logged as what it was sent as.
  return request.verb === right.verb || (right.verb === 'create' && request.verb === 'patch' && request.status === 201);
}
