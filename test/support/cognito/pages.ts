const style = `
:root { color-scheme: light dark; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; background: #eef1f6; color: #16191f;
  font: 16px/1.5 system-ui, sans-serif; }
main { box-sizing: border-box; width: min(24rem, 100vw - 2rem); padding: 2rem; background: #fff; border-radius: .75rem;
  box-shadow: 0 1px 3px #0003; }
h1 { margin: 0 0 1rem; font-size: 1.4rem; }
label { display: block; margin-top: 1rem; font-weight: 600; }
input { box-sizing: border-box; width: 100%; margin-top: .25rem; padding: .6rem; font: inherit; border: 1px solid #7d8998;
  border-radius: .4rem; }
button { width: 100%; margin-top: 1.5rem; padding: .7rem; font: inherit; font-weight: 600; color: #fff; background: #0b5cad;
  border: 0; border-radius: .4rem; cursor: pointer; }
.error { padding: .6rem .8rem; background: #fdecea; color: #8c1d10; border-radius: .4rem; }
h2 { margin: 1.25rem 0 .25rem; font-size: 1.05rem; }
a { color: #0b5cad; }
.in, .out { margin-top: .4rem; padding: .45rem; font-size: .95rem; }
button.in { color: #0b5cad; background: #e3edf8; }
.note { margin: 1.5rem 0 0; font-size: .85rem; color: #545b64; }
@media (prefers-color-scheme: dark) {
  body { background: #0f141a; color: #e9ebed; } main { background: #1b232d; } .note, a { color: #aab4c0; }
  button.in { color: #cfe3f8; background: #24364a; }
  input { background: #0f141a; color: inherit; } .error { background: #4a1510; color: #ffd9d3; }
}`;

export function escapeHtml(text: string): string {
  const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? character);
}

export function page(title: string, content: string): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title><style>${style}</style></head>
<body><main><h1>${escapeHtml(title)}</h1>${content}</main></body></html>`;
}

/** The form posts to its own address, query included, as Cognito's does. */
export function signInPage(failed: boolean, username: string, people: boolean): string {
  const error = failed ? '<p class="error" role="alert">Incorrect username or password.</p>' : '';
  return page(
    'Sign in',
    `${error}<form method="post">
<label for="username">Username</label>
<input id="username" name="username" autocomplete="username" required autofocus value="${escapeHtml(username)}">
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required>
<button type="submit">Sign in</button></form>
<p class="note">A stand-in for Amazon Cognito on this machine. The accounts are made up.${
      people ? ' <a href="/people">People and groups</a>' : ''
    }</p>`,
  );
}

export function errorPage(error: string): string {
  return page(
    'An error was encountered with the requested page.',
    `<p class="error" role="alert">${escapeHtml(error)}</p>`,
  );
}
