import type { Caller, Groups, Identity } from '../model/identity.ts';
import type { PersonCondition } from '../model/policy.ts';
import { fieldTexts } from './missing.ts';

/** `unknown`: asks for a group or claim that was never judged for this person. */
export type Answer = 'yes' | 'no' | 'unknown';

interface Field {
  readonly text: string;
  readonly test: (identity: Identity) => Answer;
}

export interface CompiledCondition {
  readonly about: Caller['kind'];
  /** `no` for callers of the other kind. */
  test(caller: Caller): Answer;
  /** In plain words, what of this condition does not hold for a person. */
  missing(caller: Caller): string;
}

/** What a condition is for: a deny entry errs on the side of denying. */
export type Purpose = 'allow' | 'deny';

/** Throws where the condition asks for nothing: an empty list is a mistake, not "everyone". */
export function compileCondition(condition: PersonCondition, purpose: Purpose): CompiledCondition {
  const fields = compileFields(condition, purpose);
  if (fields.length === 0) throw new Error('an entry without any field names nobody');
  return {
    about: 'person',
    test: (caller) => (caller.kind === 'person' ? all(fields, caller) : 'no'),
    missing: (caller) =>
      fields
        .filter((field) => caller.kind !== 'person' || field.test(caller) !== 'yes')
        .map((field) => field.text)
        .join(' and '),
  };
}

function all(fields: readonly Field[], identity: Identity): Answer {
  let answer: Answer = 'yes';
  for (const field of fields) {
    const one = field.test(identity);
    if (one === 'no') return 'no';
    if (one === 'unknown') answer = 'unknown';
  }
  return answer;
}

function compileFields(condition: PersonCondition, purpose: Purpose): readonly Field[] {
  const { pool, groups, allGroups, usernames, subjects, emails, emailDomains, claims } = condition;
  const fields: Field[] = [];
  if (pool !== undefined) fields.push({ text: fieldTexts.pool(), test: (who) => yesIf(who.pool === pool) });
  if (usernames) fields.push({ text: fieldTexts.people(), test: oneOf(usernames, (who) => who.username) });
  if (subjects) fields.push({ text: fieldTexts.people(), test: oneOf(subjects, (who) => who.subject) });
  if (emails) fields.push({ text: fieldTexts.emails(), test: emailIn(emails, purpose, (email) => email) });
  if (emailDomains) {
    fields.push({ text: fieldTexts.domains(emailDomains), test: emailIn(emailDomains, purpose, domainOf) });
  }
  if (groups) fields.push({ text: fieldTexts.groups(groups), test: anyGroup(filled(groups)) });
  if (allGroups) fields.push({ text: fieldTexts.allGroups(allGroups), test: everyGroup(filled(allGroups)) });
  for (const { name, values } of claims ? filled(claims) : []) {
    fields.push({ text: fieldTexts.claim(name, values), test: claimIn(name, new Set(filled(values))) });
  }
  return fields;
}

function filled<T>(list: readonly T[]): readonly T[] {
  if (list.length === 0) throw new Error('an empty list names nobody');
  return list;
}

function yesIf(holds: boolean): Answer {
  return holds ? 'yes' : 'no';
}

/** Names and subjects are compared as they are: case counts. */
function oneOf(values: readonly string[], read: (who: Identity) => string): Field['test'] {
  const set = new Set(filled(values));
  return (who) => yesIf(set.has(read(who)));
}

/**
 * Addresses without regard to case. Only trusted ones let a person in (L24); a deny entry also holds for an untrusted
 * one, or a denied person would get out by making the address unverified. A bearer's access token doesn't tell it.
 */
function emailIn(
  values: readonly string[],
  purpose: Purpose,
  read: (email: string) => string | undefined,
): Field['test'] {
  const set = new Set(filled(values).map((value) => value.toLowerCase()));
  return (who) => {
    if (who.bearer === true) return 'unknown';
    if (who.email === undefined || (purpose === 'allow' && !who.emailTrusted)) return 'no';
    const value = read(who.email.toLowerCase());
    return yesIf(value !== undefined && set.has(value));
  };
}

/** An address with another number of `@` than one has no domain (T5). */
function domainOf(email: string): string | undefined {
  const at = email.indexOf('@');
  return at < 1 || at !== email.lastIndexOf('@') ? undefined : email.slice(at + 1);
}

function inGroup(groups: Groups, name: string): Answer {
  if (groups.names.has(name)) return 'yes';
  return groups.judged === undefined || groups.judged.has(name) ? 'no' : 'unknown';
}

function anyGroup(names: readonly string[]): Field['test'] {
  return (who) => {
    let answer: Answer = 'no';
    for (const name of names) {
      const one = inGroup(who.groups, name);
      if (one === 'yes') return 'yes';
      if (one === 'unknown') answer = 'unknown';
    }
    return answer;
  };
}

function everyGroup(names: readonly string[]): Field['test'] {
  return (who) => {
    let answer: Answer = 'yes';
    for (const name of names) {
      const one = inGroup(who.groups, name);
      if (one === 'no') return 'no';
      if (one === 'unknown') answer = 'unknown';
    }
    return answer;
  };
}

function claimIn(name: string, wanted: ReadonlySet<string>): Field['test'] {
  return (who) => {
    const values = who.claims.get(name);
    return values === undefined ? 'unknown' : yesIf(values.some((value) => wanted.has(value)));
  };
}
