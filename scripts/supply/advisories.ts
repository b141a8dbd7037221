/** One entry of the npm registry's list of known faults. */
export interface Advisory {
  /** GHSA-… where its address has one, else its number. */
  readonly id: string;
  readonly package: string;
  readonly severity: string;
  readonly title: string;
  readonly url: string;
  readonly range: string;
}

/** What `npm audit --json` found; undefined where it is no such report, because the registry did not answer for instance. */
export function advisoriesOf(report: unknown): readonly Advisory[] | undefined {
  if (!isRecord(report) || report['auditReportVersion'] !== 2 || !isRecord(report['vulnerabilities'])) {
    return undefined;
  }
  // A text in `via` names another package of the same report.
  const found = Object.values(report['vulnerabilities'])
    .flatMap((entry) => (isRecord(entry) && Array.isArray(entry['via']) ? (entry['via'] as readonly unknown[]) : []))
    .filter(isRecord)
    .map(advisoryOf);
  return [...new Map(found.map((one) => [`${one.id} ${one.package}`, one])).values()];
}

function advisoryOf(via: Readonly<Record<string, unknown>>): Advisory {
  const text = (name: string): string => {
    const value = via[name];
    return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
  };
  const id = /GHSA(-[23456789cfghjmpqrvwx]{4}){3}/.exec(text('url'))?.[0] ?? text('source');
  return {
    id,
    package: text('name'),
    severity: text('severity'),
    title: text('title'),
    url: text('url'),
    range: text('range'),
  };
}

/** Ids in the first column of a table of a page: those that somebody has argued about. */
export function arguedIn(page: string): readonly string[] {
  return [...page.matchAll(/^\| *`?(GHSA-[\w-]+|\d+)`? *\|/gm)].map(([, id = '']) => id);
}

export interface Judgement {
  /** Nobody has said why it doesn't matter. */
  readonly unargued: readonly Advisory[];
  /** Argued about, and not found any more. */
  readonly settled: readonly string[];
}

export function judge(found: readonly Advisory[], argued: readonly string[]): Judgement {
  return {
    unargued: found.filter(({ id }) => !argued.includes(id)),
    settled: argued.filter((id) => !found.some((one) => one.id === id)),
  };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
