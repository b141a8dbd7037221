import type { WebRequest, WebResponse } from '../model/web.ts';
import { pageResponse } from './pages/layout.ts';
import { newTabPage, plainRefusalPage } from './pages/way.ts';

const frames = new Set(['iframe', 'frame', 'embed', 'object', 'fencedframe']);

/**
 * Answers what is no navigation of a person: speculative loads, which Chromium sends as navigations with
 * `Sec-Purpose` (N30), frames, and fetches that followed a redirect here. Nothing is set or used up for them.
 */
export function refuseUnlessNavigation(request: WebRequest, newTab: string): WebResponse | undefined {
  if (request.header('sec-purpose') !== undefined || request.header('purpose') === 'prefetch') {
    return pageResponse(403, plainRefusalPage('This page is not made in advance.'), request.id);
  }
  if (frames.has(request.header('sec-fetch-dest')?.toLowerCase() ?? '')) {
    return pageResponse(403, newTabPage(newTab), request.id);
  }
  const mode = request.header('sec-fetch-mode');
  if (mode !== undefined && mode.toLowerCase() !== 'navigate') {
    return pageResponse(403, plainRefusalPage('Signing in needs a page of its own; a script can’t do it.'), request.id);
  }
  return undefined;
}

/** Whether a form of our own page on this very origin was sent: the browser's word, which a page can't forge. */
export function isFromOwnPage(request: WebRequest, ownOrigin: string): boolean {
  const site = request.header('sec-fetch-site');
  return site === undefined ? request.header('origin') === ownOrigin : site === 'same-origin';
}
