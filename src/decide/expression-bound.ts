const repetition = /^\{(\d+)(,(\d*))?\}/;

interface Group {
  total: number;
  last: number;
}

/** How many copies RE2 makes of what is repeated; optional ones count twice. */
function copies([, least = '', comma, most = '']: RegExpExecArray): number {
  const low = Number(least);
  if (comma === undefined) return low;
  return most === '' ? low + 1 : low + 2 * Math.max(0, Number(most) - low);
}

/** Index after a class such as `[^]a-z\]]`. */
function endOfClass(pattern: string, start: number): number {
  let index = start + 1;
  if (pattern[index] === '^') index += 1;
  if (pattern[index] === ']') index += 1;
  for (; index < pattern.length; index += 1) {
    if (pattern[index] === '\\') index += 1;
    else if (pattern.startsWith('[:', index)) {
      const end = pattern.indexOf(':]', index + 2);
      if (end !== -1) index = end + 1;
    } else if (pattern[index] === ']') return index + 1;
  }
  return pattern.length;
}

/** Index after an escape such as `\d`, `\pL`, `\p{Greek}`, `\x{10FFFF}`. */
function endOfEscape(pattern: string, start: number): number {
  const braced = /^\\[pPx]\{[^}]*\}/.exec(pattern.slice(start, start + 40));
  return start + (braced?.[0].length ?? 2);
}

type Groups = [innermost: Group, ...outer: Group[]];

function opened(): Group {
  return { total: 2, last: 0 };
}

function add(group: Group, size: number): void {
  group.total += size;
  group.last = size;
}

/** Where case doesn't count, each character of a class is looked up one by one. */
const wideClass = 2_000;

function sizeOf(text: string): number {
  return text.startsWith('[') && /[^\x20-\x7e]|\\[pPx]/.test(text) ? wideClass : 1;
}

/** What one part means for the size, a group's brackets included. */
function take(text: string, groups: Groups): void {
  const [character] = text;
  const [group, outer] = groups;
  if (character === '(') groups.unshift(opened());
  else if (character === ')' && outer !== undefined) {
    groups.shift();
    add(outer, group.total);
  } else if (character === '*' || character === '+' || character === '?') {
    group.total += 1;
    group.last += 1;
  } else add(group, sizeOf(text));
}

function endOf(pattern: string, index: number): number {
  if (pattern[index] === '[') return endOfClass(pattern, index);
  return pattern[index] === '\\' ? endOfEscape(pattern, index) : index + 1;
}

/**
 * About how large the program of a regular expression (RE2) will be, told from its text: compiling one with large
 * repetitions or classes takes seconds, in which nobody is answered.
 */
export function programBound(pattern: string): number {
  const groups: Groups = [opened()];
  for (let index = 0; index < pattern.length;) {
    const repeated = pattern[index] === '{' ? repetition.exec(pattern.slice(index, index + 16)) : null;
    if (repeated === null) {
      const end = endOf(pattern, index);
      take(pattern.slice(index, end), groups);
      index = end;
      continue;
    }
    const [group] = groups;
    const size = group.last * Math.max(1, copies(repeated));
    group.total += size - group.last;
    group.last = size;
    index += repeated[0].length;
  }
  return groups.reduce((sum, { total }) => sum + total, 0);
}
