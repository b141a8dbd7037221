import type { AuthQuestion } from '../nginx-locations.ts';

type Annotations = Readonly<Record<string, string>>;

/** What one Ingress's annotations say, with ingress-nginx's own rules about wrong values (dataplanes.md 1.4). */
export type Reading =
  /** The whole Ingress is not taken over. */
  | { readonly kind: 'refused'; readonly why: string }
  | {
      readonly kind: 'read';
      /** `denied`: 503 for every path. Undefined: nobody is asked. */
      readonly auth: AuthQuestion | 'denied' | undefined;
      readonly regex: boolean;
      readonly rewriteTarget: string | undefined;
      readonly bufferSize: string;
      readonly bodySize: string;
      readonly requestBuffering: boolean;
    };

const urlCharacters = /^[-._~a-zA-Z0-9/:, ,:?&=$]*$/;
const parseBool = /^(1|t|T|TRUE|true|True|0|f|F|FALSE|false|False)$/;
const methods = /^(GET|HEAD|POST|PUT|PATCH|DELETE|CONNECT|OPTIONS|TRACE)$/;
const size = /^\d+[kKmMgG]?$/;

const value = (annotations: Annotations, name: string): string | undefined => {
  const text = annotations[`nginx.ingress.kubernetes.io/${name}`];
  return text === '' ? undefined : text;
};

const truthy = (text: string | undefined): boolean => text !== undefined && /^(1|t|true)$/i.test(text);

/** A wrong value of these makes ingress-nginx skip the whole block: the route is open. */
function opensOnMistake(annotations: Annotations): boolean {
  const always = value(annotations, 'auth-always-set-cookie');
  const redirect = value(annotations, 'auth-request-redirect');
  const duration = value(annotations, 'auth-cache-duration');
  return (
    (always !== undefined && !parseBool.test(always)) ||
    (redirect !== undefined && !/^[-._~a-zA-Z0-9/:,:?&=]*$/.test(redirect)) ||
    (duration !== undefined && !/^[/\-._~a-zA-Z0-9/:, ]*$/.test(duration))
  );
}

function validUrl(text: string): boolean {
  const url = URL.canParse(text.replaceAll('$', '')) ? new URL(text.replaceAll('$', '')) : undefined;
  return url !== undefined && /^https?:$/.test(url.protocol) && !url.hostname.includes('..');
}

function signInOf(annotations: Annotations): string | undefined {
  const text = value(annotations, 'auth-signin');
  if (text === undefined || !urlCharacters.test(text)) return undefined;
  if (/[?&]rd=[^&]/.test(text)) return text;
  return `${text}${text.includes('?') ? '&' : '?'}rd=$scheme://$http_host$escaped_request_uri`;
}

function question(annotations: Annotations, url: string): AuthQuestion | 'denied' {
  const method = value(annotations, 'auth-method');
  const responseHeaders = (value(annotations, 'auth-response-headers') ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  const validHeaders = responseHeaders.every((name) => /^[a-zA-Z\d\-_]+$/.test(name));
  if (!validUrl(url) || !validHeaders || (method !== undefined && !methods.test(method))) return 'denied';
  return { url, method, responseHeaders, signIn: signInOf(annotations) };
}

function authOf(annotations: Annotations): AuthQuestion | 'denied' | undefined {
  const url = value(annotations, 'auth-url');
  if (url === undefined || opensOnMistake(annotations)) return undefined;
  return question(annotations, url);
}

function sizeOf(annotations: Annotations, name: string, fallback: string): string {
  const text = value(annotations, name);
  return text !== undefined && size.test(text) ? text : fallback;
}

export function readAnnotations(annotations: Annotations = {}): Reading {
  const snippet = Object.keys(annotations).find((name) => /^nginx\.ingress\.kubernetes\.io\/.*-snippet$/.test(name));
  if (snippet !== undefined) return { kind: 'refused', why: `${snippet}: snippets are off` };
  if (!urlCharacters.test(value(annotations, 'auth-url') ?? '')) return { kind: 'refused', why: 'auth-url' };
  const rewriteTarget = value(annotations, 'rewrite-target');
  if (rewriteTarget !== undefined && !/^[\w/$.-]+$/.test(rewriteTarget)) {
    return { kind: 'refused', why: 'rewrite-target' };
  }
  return {
    kind: 'read',
    auth: authOf(annotations),
    regex: truthy(value(annotations, 'use-regex')),
    rewriteTarget,
    bufferSize: sizeOf(annotations, 'proxy-buffer-size', '4k'),
    bodySize: sizeOf(annotations, 'proxy-body-size', '1m'),
    requestBuffering: value(annotations, 'proxy-request-buffering') !== 'off',
  };
}
