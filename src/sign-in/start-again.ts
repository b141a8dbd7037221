import type { Context } from './deps.ts';
import type { Target } from './messages.ts';
import { readReturnPath } from './return-path.ts';

/** Start, for the same page. */
export function startAgain(context: Context, target: Target): string {
  return context.origins.start(target.host, target.route, { rd: returnPathOf(context, target) });
}

/** Checked again wherever it is used, sealed or not (T8.6). */
export function returnPathOf(context: Context, target: Target): string {
  return readReturnPath(target.returnPath, context.config.prefix) ?? '/';
}

/** Sign-out on the app host, which asks first and then starts again for the same page. */
export function signOutAndBack(context: Context, target: Target): string {
  const query = { rd: returnPathOf(context, target), route: target.route, pool: target.pool.slice(0, 8), switch: '1' };
  return context.origins.own(target.host, `/sign-out?${new URLSearchParams(query).toString()}`);
}
