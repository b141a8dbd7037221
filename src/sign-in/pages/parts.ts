import { Html, html, type HtmlValue } from '../html.ts';

export function link(address: string, text: string, plain = false): Html {
  return html`<a class="${plain ? 'button plain' : 'button'}" href="${address}">${text}</a>`;
}

/** A form of one button; `fields` go along hidden. */
export function button(action: string, text: string, fields: Readonly<Record<string, string>>, plain = false): Html {
  const hidden = Object.entries(fields).map(
    ([name, value]) => html`<input type="hidden" name="${name}" value="${value}" />`,
  );
  return html`<form method="post" action="${action}">
    ${hidden}<button class="${plain ? 'button plain' : 'button'}">${text}</button>
  </form>`;
}

export function actions(...items: readonly (Html | undefined)[]): Html {
  return html`<div class="actions">${items}</div>`;
}

/** Hosts and paths are broken at their own signs rather than anywhere. */
export function breakable(text: string): readonly Html[] {
  const pieces = text.split(/(?<=[/.])(?![/.])/);
  return pieces.map((piece, index) => (index === 0 ? html`${piece}` : html`${wordBreak}${piece}`));
}

const wordBreak = new Html('<wbr>');

/** Rows of a name and a value; those without a value are left out. */
export function facts(rows: readonly (readonly [name: string, value: HtmlValue])[]): Html {
  const shown = rows.flatMap(([name, value]) =>
    value === undefined || value === ''
      ? []
      : [
          html`<div>
            <dt>${name}</dt>
            <dd>${value}</dd>
          </div>`,
        ],
  );
  return html`<dl>${shown}</dl>`;
}

/** The operator's own line. */
export function contactLine(contact: string | undefined): Html | undefined {
  return contact === undefined ? undefined : html`<p class="soft">Need help? ${contact}</p>`;
}

/** A long list is cut: the page is read by a person. */
export function namesOf(names: readonly string[], most = 30): string {
  const rest = names.length - most;
  return rest > 0 ? `${names.slice(0, most).join(', ')} and ${rest} more` : names.join(', ');
}
