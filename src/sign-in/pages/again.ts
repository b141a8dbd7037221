import { html } from '../html.ts';
import type { Page } from './layout.ts';
import { actions, contactLine, link } from './parts.ts';

/** The page wants a recent sign-in, and Cognito was not asked for one, or gave none. */
export function tooOldPage(input: {
  /** Cognito was asked, and answered with the sign-in that it had. */
  readonly asked: boolean;
  readonly signOut: string;
  readonly contact: string | undefined;
}): Page {
  const why = input.asked
    ? 'The sign-in service answered with your earlier sign-in instead of asking you again.'
    : 'You are signed in, but that was too long ago for this page.';
  return {
    title: 'Sign in again',
    headline: 'This page asks for a recent sign-in',
    alert: true,
    body: html`<p>${why}</p>
      <p>Sign out, then sign in again. You come back to the page that you wanted.</p>
      ${actions(link(input.signOut, 'Sign out and in again'))} ${contactLine(input.contact)}`,
  };
}

/** Sign-ins of that time were ended by the people who run this, and Cognito goes on answering with one of them. */
export function revokedPage(input: { readonly again: string; readonly contact: string | undefined }): Page {
  return {
    title: 'Sign-in ended',
    headline: 'This sign-in was ended by the people who run the site',
    alert: true,
    body: html`<p>The sign-in service answered with a sign-in that does not count any more.</p>
      <p>Close all windows of this browser, then try again. If that does not help, ask those who run the site.</p>
      ${actions(link(input.again, 'Try again'))} ${contactLine(input.contact)}`,
  };
}

/** For the moment only: nothing was lost, and cookies stay. */
export function laterPage(input: {
  readonly reason: string;
  readonly again: string | undefined;
  readonly contact: string | undefined;
}): Page {
  return {
    title: 'Please try again',
    headline: 'Please try again in a moment',
    alert: true,
    body: html`<p>The reason: ${input.reason}. You don’t have to do anything about it, and nothing is lost.</p>
      ${input.again !== undefined && actions(link(input.again, 'Try again'))} ${contactLine(input.contact)}`,
  };
}
