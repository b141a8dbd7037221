/** Longer lists are cut: the page is read by a person. */
const shown = 5;

function list(values: readonly string[], word: 'or' | ''): string {
  const names = values.slice(0, shown);
  const rest = values.length - names.length;
  if (rest > 0) names.push(`${String(rest)} more`);
  const last = names.at(-1) ?? '';
  if (names.length < 2) return last;
  return `${names.slice(0, -1).join(', ')}${word === '' ? ', ' : ` ${word} `}${last}`;
}

/** What a condition asks for, for the denial page. Names of other people are not told. */
export const fieldTexts = {
  pool: () => 'an account of another user pool',
  people: () => 'an account that the rule names',
  emails: () => 'an e-mail address that the rule names and that is verified',
  domains: (domains: readonly string[]) => `an e-mail address of ${list(domains, 'or')} that is verified`,
  groups: (groups: readonly string[]) =>
    groups.length === 1 ? `the group ${list(groups, 'or')}` : `one of the groups ${list(groups, 'or')}`,
  allGroups: (groups: readonly string[]) =>
    groups.length === 1 ? `the group ${list(groups, '')}` : `all of the groups ${list(groups, '')}`,
  claim: (name: string, values: readonly string[]) => `the claim ${name} with the value ${list(values, 'or')}`,
} as const;
