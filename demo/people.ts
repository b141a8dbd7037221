import type { CognitoUser } from '../test/support/cognito/types.ts';

interface Person {
  readonly username: string;
  readonly name: string;
  readonly groups: readonly string[];
  /** For the printed list. */
  readonly about: string;
}

/** 300 names of 25 characters: more than a cookie holds, so the session is trimmed to what policies name. */
function manyGroups(): string[] {
  const topics = ['warehouse', 'editorial', 'logistics', 'marketing', 'analytics'];
  const areas = ['north', 'south', 'coast', 'plain', 'hills', 'river'];
  return Array.from({ length: 299 }, (_, index) => {
    const topic = topics[index % topics.length] ?? '';
    const area = areas[index % areas.length] ?? '';
    return `${topic}-${area}-team-${String(index).padStart(4, '0')}`;
  });
}

const people: readonly Person[] = [
  { username: 'ada', name: 'Ada Admin', groups: ['admins'], about: 'reaches everything' },
  { username: 'bob', name: 'Bob Staff', groups: ['staff'], about: 'everything but /admin' },
  { username: 'eve', name: 'Eve Newcomer', groups: [], about: 'in no group: is told why she may not' },
  {
    username: 'max',
    name: 'Max Manygroups',
    groups: ['staff', ...manyGroups()],
    about: 'in 300 groups, staff among them',
  },
  { username: 'sam', name: 'Sam Suspended', groups: ['staff', 'suspended'], about: 'staff, but suspended: denied' },
];

/** An app client of the client credentials grant; `pool.yaml` and `shop.yaml` name its id. */
export const machine = { clientId: '2democi456789', clientSecret: 'ci-demo', scope: 'shop/write' } as const;

export const passwordOf = (username: string): string => `${username}-demo`;

export const accounts = people.map(({ username, groups, about }) => ({
  username,
  password: passwordOf(username),
  groups,
  about,
}));

export const users: readonly CognitoUser[] = people.map(({ username, name, groups }, index) => ({
  username,
  name,
  groups,
  password: passwordOf(username),
  sub: `0000000${index + 1}-0000-4000-8000-000000000000`,
  email: `${username}@example.com`,
  emailVerified: true,
}));
