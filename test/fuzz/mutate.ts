import type { Dice } from './dice.ts';

const base64Url = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

type Change = (dice: Dice, text: string, others: readonly string[]) => string;

const cutAt = (dice: Dice, text: string): number => dice.int(text.length + 1);

const changes: readonly Change[] = [
  // One bit.
  (dice, text) => {
    const at = dice.int(text.length);
    const flipped = String.fromCharCode((text.charCodeAt(at) || 0) ^ (1 << dice.int(8)));
    return `${text.slice(0, at)}${flipped}${text.slice(at + 1)}`;
  },
  // One character for another of the alphabet: gets through every check of form.
  (dice, text) => {
    const at = dice.int(text.length);
    return `${text.slice(0, at)}${base64Url[dice.int(64)] ?? 'A'}${text.slice(at + 1)}`;
  },
  // The last one: spare bits of base64url.
  (dice, text) => `${text.slice(0, -1)}${base64Url[dice.int(64)] ?? 'A'}`,
  (dice, text) => text.slice(0, cutAt(dice, text)),
  (dice, text) => text.slice(cutAt(dice, text)),
  (dice, text, others) => {
    const other = dice.pick(others);
    return `${text.slice(0, cutAt(dice, text))}${other.slice(cutAt(dice, other))}`;
  },
  // Head of one, tail of another, by their parts.
  (dice, text, others) => {
    const parts = text.split('.');
    parts[dice.int(parts.length)] = dice.pick(dice.pick(others).split('.'));
    return parts.join('.');
  },
  (dice, text) => {
    const at = cutAt(dice, text);
    return `${text.slice(0, at)}${dice.pick(['=', '.', '~', '%00', ' ', ',', '"', '+', '/', '\u00e9', '\t', '..'])}${text.slice(at)}`;
  },
  (_dice, text) => `${text}${text}`,
  (dice, text) => `${dice.pick(['0', '2', '11', 'k', ''])}${text.slice(1)}`,
  (_dice, text) => text.toUpperCase(),
  (_dice, text) => [...text].toReversed().join(''),
  (dice, text) => `${text}${'A'.repeat(dice.int(5000))}`,
  (dice) => Array.from({ length: dice.int(200) }, () => base64Url[dice.int(64)]).join(''),
  () => '',
];

/** The text with something wrong in it; never the text itself. */
export function mutate(dice: Dice, text: string, others: readonly string[]): string {
  let out = text;
  for (let count = 1 + dice.int(3); count > 0; count -= 1) out = dice.pick(changes)(dice, out, others);
  return out === text || others.includes(out) ? `${out}A` : out;
}
