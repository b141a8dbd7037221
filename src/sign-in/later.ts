import type { WebRequest, WebResponse } from '../model/web.ts';
import { laterPage } from './pages/again.ts';
import { pageResponse } from './pages/layout.ts';

/** Seconds. */
const retryAfter = '5';

export const storeIsAway = 'the store of sessions does not answer';

/** 503 for what passes by itself: nothing is set and nothing is used up. */
export function later(request: WebRequest, page: Parameters<typeof laterPage>[0]): WebResponse {
  const response = pageResponse(503, laterPage(page), request.id);
  return { ...response, headers: { ...response.headers, 'retry-after': retryAfter } };
}
