import type { Identity } from '../../model/identity.ts';
import { html } from '../html.ts';
import { accountName } from './denial.ts';
import type { Page } from './layout.ts';
import { actions, button, contactLine, facts, link, namesOf } from './parts.ts';

export interface Who {
  readonly host: string;
  readonly identity: Identity;
  readonly pool: string;
  /** Readable, in UTC. */
  readonly ends: string;
  /** Which rule lets the person in at the start page; undefined where none does. */
  readonly rule: string | undefined;
  readonly signOut: string;
  readonly contact: string | undefined;
}

export function whoYouArePage(who: Who): Page {
  const { identity } = who;
  const groups = [...identity.groups.names].toSorted();
  const partial = identity.groups.judged === undefined ? '' : ' (not all are kept here)';
  return {
    title: `Your account on ${who.host}`,
    headline: `You are ${identity.name ?? identity.preferredUsername ?? identity.username}`,
    body: html`<p>This is what ${who.host} knows about you.</p>
      ${facts([
        ['Account', accountName(identity)],
        ['E-mail', identity.email],
        ['Groups', groups.length === 0 ? `none${partial}` : `${namesOf(groups)}${partial}`],
        ['User pool', who.pool],
        ['Signed in until', who.ends],
        ['Lets you in', who.rule === undefined ? 'no rule for the start page' : `the rule ${who.rule}`],
      ])}
      ${actions(link('/', `Go to ${who.host}`), button(who.signOut, 'Sign out', {}, true))} ${contactLine(who.contact)}`,
  };
}

export function nobodyPage(host: string, signIn: string | undefined): Page {
  return {
    title: `Your account on ${host}`,
    headline: 'Nobody is signed in here',
    body: html`<p>There is no session for ${host} in this browser.</p>
      ${signIn !== undefined && actions(link(signIn, 'Sign in'))}`,
  };
}
