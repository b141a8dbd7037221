import type { Identity } from '../../model/identity.ts';
import { type RefusalReason, refusalReasons } from '../../model/verdict.ts';
import { html } from '../html.ts';
import type { Page } from './layout.ts';
import { actions, breakable, button, contactLine, facts, link } from './parts.ts';

export interface Denial {
  readonly host: string;
  readonly returnPath: string;
  readonly reason: RefusalReason;
  readonly rule: string | undefined;
  /** Alternatives in plain words; any of them would do. */
  readonly missing: readonly string[];
  readonly identity: Identity | undefined;
  readonly pool: string | undefined;
  readonly checkAgain: string;
  readonly signOut: { readonly action: string; readonly fields: Readonly<Record<string, string>> };
  /** Other pools of the route where nobody is signed in yet. */
  readonly others: readonly { readonly name: string; readonly address: string }[];
  readonly contact: string | undefined;
}

/** Why a person who is signed in may not pass, and what they can do. */
export function denialPage(denial: Denial): Page {
  const { identity } = denial;
  return {
    title: `No access to ${denial.host}`,
    headline: 'You are signed in, but this page is not open to you',
    alert: true,
    body: html`${why(denial)}
      ${facts([
        ['Signed in as', identity && accountName(identity)],
        ['User pool', denial.pool],
        ['Page', breakable(`${denial.host}${pathOnly(denial.returnPath)}`)],
        ['Rule', denial.reason === 'denied' ? 'the deny list, which goes before every rule' : denial.rule],
      ])}
      <p class="soft">If you were given access just now, check again. Nobody has to sign in for that.</p>
      ${actions(
        link(denial.checkAgain, 'Check again'),
        button(denial.signOut.action, 'Switch account', denial.signOut.fields, true),
        ...denial.others.map((other) => link(other.address, `Sign in with ${other.name}`, true)),
      )}
      ${contactLine(denial.contact)}`,
  };
}

/** A request that is refused whoever asks. */
export function refusedPage(reason: RefusalReason, host: string, contact: string | undefined): Page {
  return {
    title: `No access to ${host}`,
    headline: 'This address is not open to anyone',
    alert: true,
    body: html`<p>The reason: ${refusalReasons[reason].text}.</p>
      <p>The people who run ${host} can change that; signing in can’t.</p>
      ${actions(link('/', 'Go to the start page'))} ${contactLine(contact)}`,
  };
}

export function accountName(identity: Identity): string {
  const shown = identity.name ?? identity.preferredUsername ?? identity.email;
  return shown === undefined || shown === identity.username ? identity.username : `${shown} (${identity.username})`;
}

function why(denial: Denial) {
  if (denial.reason === 'denied') {
    return html`<p>This account has been shut out of ${denial.host}.</p>`;
  }
  if (denial.missing.length === 0) {
    return html`<p>The reason: ${refusalReasons[denial.reason].text}.</p>`;
  }
  const [only, ...rest] = denial.missing;
  const unknown =
    denial.reason === 'groups_unknown' &&
    html`<p>Your account has more groups than can be kept here, and not all of them are known.</p>`;
  return rest.length === 0
    ? html`<p>What is missing: ${only}.</p>
        ${unknown}`
    : html`<p>What is missing is one of these:</p>
        <ul>
          ${denial.missing.map((entry) => html`<li>${entry}</li>`)}
        </ul>
        ${unknown}`;
}

/** A query may hold what others should not read over a shoulder. */
function pathOnly(returnPath: string): string {
  return /^[^?#]*/.exec(returnPath)?.[0] ?? '/';
}
