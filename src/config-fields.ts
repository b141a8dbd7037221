import { z } from 'zod';

/** Text of one form; the same sentence says so when it has another form, is no text at all, or is missing. */
export function shaped(pattern: RegExp, message: string) {
  return z.string(message).regex(pattern, message);
}

export const address = shaped(
  /^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+):\d{1,5}$/,
  'must be host:port, for instance 127.0.0.1:8080',
).refine((value) => !(portOf(value) > 65_535), 'must have a port up to 65535');

export const reference = shaped(/^[a-z0-9.-]{1,63}\/[a-z0-9.-]{1,253}$/, 'must be namespace/name');
export const duration = shaped(/^\d{1,6}(s|m|h)$/, 'must be a number with s, m or h, for instance 40s');
export const host = shaped(
  /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/,
  'must be a lower-case host name without scheme and port',
);
export const namespaceName = shaped(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, 'must be the name of a namespace');
export const objectName = shaped(/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/, 'must be the name of a Kubernetes object');

const portMessage = 'must be a port from 1 to 65535';
export const port = z.int(portMessage).min(1, portMessage).max(65_535, portMessage);

const folderMessage = 'must be the path of a folder';
export const folder = z.string(folderMessage).min(1, folderMessage);
const fileMessage = 'must be the path of a file';
export const file = z.string(fileMessage).min(1, fileMessage);

const namespacesMessage = 'must be a list of namespaces, for instance [identity]';
export const namespaces = z
  .array(z.string(namespacesMessage).min(1, namespacesMessage).max(63, namespacesMessage), namespacesMessage)
  .max(32, 'must be a list of at most 32 namespaces');

export function portOf(listener: string): number {
  return Number(listener.slice(listener.lastIndexOf(':') + 1));
}

/** "40s", "5m", "1h" → milliseconds. */
export function milliseconds(text: string): number {
  const unit = text.endsWith('h') ? 3_600_000 : text.endsWith('m') ? 60_000 : 1000;
  return Number(text.slice(0, -1)) * unit;
}
