import { createHash } from 'node:crypto';

import type { WebResponse } from '../../model/web.ts';
import { Html, html, type HtmlValue } from '../html.ts';
import { style } from './style.ts';

/** What one page says; the layout gives it head, card and foot. */
export interface Page {
  readonly title: string;
  readonly headline: HtmlValue;
  readonly body: HtmlValue;
  /** Something was refused or went wrong. */
  readonly alert?: boolean;
  /** An address that the browser goes on to by itself. */
  readonly goOn?: string;
  /** Only the page for frames: it could not be seen in one otherwise, holds no form, and nothing is set. */
  readonly framable?: boolean;
}

const styleHash = createHash('sha256').update(style).digest('base64');

/** A page without script that reaches nothing and is kept by nobody. */
export function pageResponse(status: number, page: Page, id: string, cookies: readonly string[] = []): WebResponse {
  const frames = page.framable === true ? '' : "; frame-ancestors 'none'";
  return {
    status,
    headers: {
      ...privateHeaders,
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': `default-src 'none'; style-src 'sha256-${styleHash}'; form-action 'self'; base-uri 'none'${frames}`,
    },
    cookies,
    body: document(page, id),
  };
}

/** For every answer of ours. */
export const privateHeaders: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'referrer-policy': 'same-origin',
  'x-content-type-options': 'nosniff',
};

function document(page: Page, id: string): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
${page.goOn !== undefined && html`<meta http-equiv="refresh" content="0;url=${page.goOn}" />`}
<title>${page.title}</title>
<style>${new Html(style)}</style>
</head>
<body>
<main${page.alert === true && new Html(' class="alert"')}>
<h1>${page.headline}</h1>
${page.body}
</main>
<footer><p>Id of this page: ${id}</p></footer>
</body>
</html>
`.text;
}
