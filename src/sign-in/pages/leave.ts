import { html } from '../html.ts';
import type { Page } from './layout.ts';
import { actions, button, link } from './parts.ts';

export function signOutQuestionPage(input: {
  readonly account: string | undefined;
  readonly action: string;
  readonly fields: Readonly<Record<string, string>>;
  readonly stay: string | undefined;
}): Page {
  return {
    title: 'Sign out?',
    headline: 'Do you want to sign out?',
    body: html`${input.account !== undefined && html`<p>You are signed in as ${input.account}.</p>`}
      <p>Signing out ends this sign-in on every site that uses it.</p>
      ${actions(
        button(input.action, 'Sign out', input.fields),
        input.stay === undefined ? undefined : link(input.stay, 'Stay signed in', true),
      )}`,
  };
}

/** A form's redirect to another host dies under `form-action`; a refresh of the page does not (L25). */
export function leavingPage(address: string): Page {
  return {
    title: 'Signing out',
    headline: 'Signing you out',
    goOn: address,
    body: html`<p>If this page does not go on by itself, continue by hand.</p>
      ${actions(link(address, 'Continue'))}`,
  };
}

export function signedOutPage(input: {
  readonly back: string | undefined;
  readonly host: string | undefined;
  /** The identity provider behind the pool may still know the person. */
  readonly provider: string | undefined;
  /** Cognito could not be told. */
  readonly incomplete: boolean;
}): Page {
  return {
    title: 'Signed out',
    headline: 'You are signed out',
    body: html`<p>This sign-in has ended on every site that used it.</p>
      ${
        input.provider !== undefined &&
        html`<p>
          Your account is kept by ${input.provider}, which may sign you in again without asking. To end that as well,
          sign out there.
        </p>`
      }
      ${input.incomplete && html`<p>The sign-in service could not be told. To be sure, close all windows of this browser.</p>`}
      ${input.back !== undefined && actions(link(input.back, `Sign in to ${input.host ?? 'the site'} again`, true))}`,
  };
}
