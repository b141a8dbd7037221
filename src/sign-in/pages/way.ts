import { html } from '../html.ts';
import type { Page } from './layout.ts';
import { actions, breakable, contactLine, link } from './parts.ts';

/** A step that was done before, came too late, or belongs to another tab: it leads on and sets nothing. */
export function continuePage(address: string | undefined): Page {
  return {
    title: 'Continue',
    headline: 'One more step',
    body:
      address === undefined
        ? html`<p>
            This sign-in was finished before, or it waited too long. Please open the page that you wanted once more.
          </p>`
        : html`<p>
              This sign-in was finished before, or it waited too long. Nothing is lost: continue to the page that you
              wanted.
            </p>
            ${actions(link(address, 'Continue'))}`,
  };
}

/** Sign-in pages refuse to be framed, so a sign-in inside a frame could never end. */
export function newTabPage(address: string): Page {
  return {
    title: 'Open in a new tab',
    headline: 'Please open this page in a tab of its own',
    framable: true,
    body: html`<p>Signing in does not work inside another page.</p>
      <div class="actions">
        <a class="button" href="${address}" target="_blank" rel="noopener noreferrer">Open in a new tab</a>
      </div>`,
  };
}

/** The browser has been sent back to one page again and again, and the page did not let it in. */
export function loopPage(input: {
  readonly reason: string;
  readonly address: string;
  readonly contact: string | undefined;
}): Page {
  return {
    title: 'Sign-in stopped',
    headline: 'You were sent back and forth, so we stopped',
    alert: true,
    body: html`<p>You are signed in, yet the page keeps asking you to sign in: ${input.reason}.</p>
      <p>Often it helps to wait half a minute and try again, or to allow cookies for this site.</p>
      ${actions(link(input.address, 'Try again'))} ${contactLine(input.contact)}`,
  };
}

/** Several pools: the first is offered, the others are named. */
export function chooserPage(host: string, pools: readonly { readonly name: string; readonly address: string }[]): Page {
  return {
    title: `Sign in to ${host}`,
    headline: html`How would you like to sign in to ${breakable(host)}?`,
    body: html`<p>Choose where your account is.</p>
      <div class="actions choices">
        ${pools.map((pool, index) => link(pool.address, `Continue with ${pool.name}`, index > 0))}
      </div>`,
  };
}

export function failedPage(input: {
  readonly reason: string;
  readonly again: string | undefined;
  readonly contact: string | undefined;
}): Page {
  return {
    title: 'Sign-in failed',
    headline: 'Signing in did not work',
    alert: true,
    body: html`<p>The reason: ${input.reason}</p>
      ${input.again !== undefined && actions(link(input.again, 'Try again'))} ${contactLine(input.contact)}`,
  };
}

export function badAddressPage(host: string, home: string | undefined): Page {
  return {
    title: 'Address refused',
    headline: 'This link does not lead anywhere safe',
    alert: true,
    body: html`<p>The address to return to is not a page on ${host}, so it was not followed.</p>
      ${home !== undefined && actions(link(home, 'Go to the start page'))}`,
  };
}

export function notFoundPage(): Page {
  return {
    title: 'Not found',
    headline: 'There is nothing here',
    alert: true,
    body: html`<p>This address leads to no page of ours.</p>`,
  };
}

export function plainRefusalPage(text: string): Page {
  return { title: 'Refused', headline: 'This can’t be done here', alert: true, body: html`<p>${text}</p>` };
}
