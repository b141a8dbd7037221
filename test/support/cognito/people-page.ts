import type { Exchange } from './browser-pages.ts';
import type { Directory } from './directory.ts';
import { escapeHtml, page } from './pages.ts';
import type { CognitoUser } from './types.ts';
import { readForm } from './wire.ts';

/** Instead of the AWS console: who is in which group, and a button to change that. For a demo only; anybody may. */
export async function peoplePage(directory: Directory, { request, response }: Exchange): Promise<void> {
  if (request.method === 'POST') {
    const form = await readForm(request);
    const user = directory.byUsername(form.get('username') ?? '');
    const group = form.get('group') ?? '';
    if (user !== undefined && group !== '') change(directory, user, group);
    response.writeHead(303, { location: '/people' }).end();
    return;
  }
  response
    .writeHead(200, { 'content-type': 'text/html;charset=UTF-8', 'cache-control': 'no-store' })
    .end(page('People and groups', `${directory.all().map(row).join('')}${note}`));
}

function change(directory: Directory, user: CognitoUser, group: string): void {
  const groups = user.groups ?? [];
  const without = groups.filter((name) => name !== group);
  directory.change(user.username, { groups: without.length < groups.length ? without : [...groups, group] });
}

/** What a demo's policies name. */
const offered = ['admins', 'staff', 'suspended'];

function row({ username, groups = [] }: CognitoUser): string {
  const others = groups.filter((name) => !offered.includes(name)).length;
  const more = others === 0 ? '' : `<span class="note">and ${others} more</span>`;
  return `<h2>${escapeHtml(username)}</h2>${offered.map((group) => button(username, group, groups.includes(group))).join('')}${more}`;
}

function button(username: string, group: string, isIn: boolean): string {
  const label = isIn ? `take ${username} out of ${group}` : `put ${username} into ${group}`;
  const field = (name: string, value: string): string =>
    `<input type="hidden" name="${name}" value="${escapeHtml(value)}">`;
  return `<form method="post">${field('username', username)}${field('group', group)}<button type="submit"${
    isIn ? ' class="out"' : ' class="in"'
  }>${escapeHtml(label)}</button></form>`;
}

const note =
  '<p class="note">A stand-in for the console of Amazon Cognito. Who loses a group loses what it opens once the pool’s ' +
  '<code>refreshAfter</code> is over and the page is asked for again, without signing out; who gains one has it at the next click.</p>';
