import { readFile } from 'node:fs/promises';

/** One request to the API server, as its audit log has it. */
export interface AuditEvent {
  readonly user: string;
  readonly userAgent: string;
  readonly verb: string;
  /** '' for the core group and for paths that are no resources. */
  readonly group: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  readonly uri: string;
  readonly status: number;
  /** Why it was refused, in the server's words; '' where it wasn't. */
  readonly message: string;
  /** RBAC's reason for what it allowed, naming the binding. */
  readonly allowedBy: string;
  /** ISO 8601, when the request came. */
  readonly time: string;
}

/** Who, what and with which result, for every request but the server's own. A watch is logged when it begins. */
export const auditPolicy = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived'],
  rules: [{ level: 'None', users: ['system:apiserver'] }, { level: 'Metadata' }],
};

type ObjectRef = Partial<Record<'apiGroup' | 'resource' | 'subresource' | 'namespace' | 'name', string>>;

interface LoggedEvent {
  readonly auditID: string;
  readonly stage: string;
  readonly requestURI: string;
  readonly verb: string;
  readonly user: { readonly username: string };
  readonly userAgent?: string;
  readonly objectRef?: ObjectRef;
  readonly responseStatus?: { readonly code?: number; readonly message?: string };
  readonly requestReceivedTimestamp: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

function read(event: LoggedEvent): AuditEvent {
  const { apiGroup = '', resource = '', subresource = '', namespace = '', name = '' } = event.objectRef ?? {};
  const { code = 0, message = '' } = event.responseStatus ?? {};
  return {
    user: event.user.username,
    userAgent: event.userAgent ?? '',
    verb: event.verb,
    group: apiGroup,
    resource,
    subresource,
    namespace,
    name,
    uri: event.requestURI,
    status: code,
    message,
    allowedBy: event.annotations?.['authorization.k8s.io/reason'] ?? '',
    time: event.requestReceivedTimestamp,
  };
}

/** One entry for each request, in the order in which they were answered (a watch: in which they began). */
export async function readAuditLog(file: string): Promise<readonly AuditEvent[]> {
  const text = await readFile(file, 'utf8').catch(() => '');
  const events = new Map<string, AuditEvent>();
  // The last line may be half written.
  for (const line of text.slice(0, text.lastIndexOf('\n') + 1).split('\n')) {
    if (line === '') continue;
    const event = JSON.parse(line) as LoggedEvent;
    if (!events.has(event.auditID)) events.set(event.auditID, read(event));
  }
  return [...events.values()];
}
