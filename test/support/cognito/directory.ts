import type { CognitoUser } from './types.ts';

/** The people of the pool; they may change while it runs. */
export interface Directory {
  byUsername(username: string): CognitoUser | undefined;
  all(): readonly CognitoUser[];
  bySubject(subject: string): CognitoUser | undefined;
  change(username: string, change: Partial<CognitoUser>): void;
}

export function createDirectory(users: readonly CognitoUser[]): Directory {
  const people = new Map(users.map((user) => [user.username, user]));
  return {
    byUsername: (username) => people.get(username),
    all: () => [...people.values()],
    bySubject: (subject) => [...people.values()].find((user) => user.sub === subject),
    change(username, change) {
      const user = people.get(username);
      if (user === undefined) throw new Error(`The stand-in knows nobody called ${username}`);
      people.set(username, { ...user, ...change });
    },
  };
}
