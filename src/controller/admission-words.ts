import type { Finding, FindingReason } from '../model/finding.ts';

/**
 * Wrong whatever else exists or comes later. What another object may mend (a pool that isn't there yet) is a warning:
 * objects of one `kubectl apply -f` come in any order.
 */
export const certainlyWrong: ReadonlySet<FindingReason> = new Set([
  'AudienceMissing',
  'Invalid',
  'UnknownAnnotation',
  'AnnotationsExclusive',
]);

/** A SessionRevocation never reaches beyond its namespace, whatever the owner of the pool allows. */
export function isCertainlyWrong({ severity, reason, object }: Finding): boolean {
  if (severity !== 'error') return false;
  return certainlyWrong.has(reason) || (reason === 'RefNotPermitted' && object.kind === 'SessionRevocation');
}

const prefix = 'cognito-gate.dev/';
/** Every other annotation of ours makes an Ingress closed (flows.md "Protected"); translation knows the same list. */
const noMarks: ReadonlySet<string> = new Set(['status', 'unprotect', 'take-over']);

export function isMarked(annotations: Readonly<Record<string, string>>): boolean {
  return Object.keys(annotations).some((name) => name.startsWith(prefix) && !noMarks.has(name.slice(prefix.length)));
}

export function sentence({ field, message, reason }: Finding): string {
  return `${field === '' ? '' : `${field}: `}${message} (${reason})`;
}

export function sentences(about: string, findings: readonly Finding[]): string {
  return `${about}: ${findings.map(sentence).join('; ')}`;
}
