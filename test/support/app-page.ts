import type { Received } from './app.ts';
import { escapeHtml } from './cognito/pages.ts';

const style = `
:root { color-scheme: light dark; }
body { margin: 0; font: 16px/1.6 system-ui, sans-serif; background: #f6f7f9; color: #16191f; }
main { box-sizing: border-box; max-width: 44rem; margin: 0 auto; padding: 2rem 1rem; }
nav { display: flex; flex-wrap: wrap; gap: 1rem; padding-bottom: 1rem; border-bottom: 1px solid #8886; }
a { color: #0b5cad; }
dl { display: grid; grid-template-columns: minmax(8rem, auto) 1fr; gap: .25rem 1rem; }
dt { font-weight: 600; } dd { margin: 0; overflow-wrap: anywhere; }
.path { font-family: ui-monospace, monospace; overflow-wrap: anywhere; }
@media (max-width: 32rem) { dl { grid-template-columns: 1fr; } dd { padding-bottom: .5rem; } }
@media (prefers-color-scheme: dark) { body { background: #12161c; color: #e9ebed; } a { color: #7db7ff; } }`;

/** An app that trusts the gate shows what a cookie header names, never what is in it. */
function shown(name: string, value: string | readonly string[] | undefined): string {
  const text = Array.isArray(value) ? value.join(', ') : String(value ?? '');
  if (name !== 'cookie') return text;
  return text.replace(/=[^;]*/g, '=…');
}

function list(received: Received, wanted: (name: string) => boolean): string {
  const names = Object.keys(received.headers).filter(wanted);
  const rows = names.map(
    (name) => `<dt>${escapeHtml(name)}</dt><dd>${escapeHtml(shown(name, received.headers[name]))}</dd>`,
  );
  return `<dl>${rows.join('')}</dl>`;
}

const isIdentity = (name: string): boolean => name.startsWith('x-auth-request-');

/** What the app received, for people. */
export function appPage(name: string, received: Received): string {
  // Some proxies send a header of ours that has no value, others leave it out.
  const names = ['x-auth-request-preferred-username', 'x-auth-request-user'];
  const user = names.map((header) => received.headers[header]).find((value) => value !== undefined && value !== '');
  const who =
    user === undefined ? 'Nobody is signed in here: this page is public.' : `You got through, ${String(user)}.`;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(name)}</title><style>${style}</style></head>
<body><main>
<nav aria-label="Pages"><a href="/">Home</a><a href="/admin">Admin</a><a href="/healthz">Health</a><a href="/_cognito-gate/">Who am I here?</a></nav>
<h1>${escapeHtml(name)}</h1>
<p>${escapeHtml(who)} The app received <span class="path">${escapeHtml(received.method)} ${escapeHtml(received.path)}</span>.</p>
<h2>Who the gate says it is</h2>${list(received, isIdentity)}
<h2>Other headers</h2>${list(received, (header) => !isIdentity(header))}
</main></body></html>`;
}
