import { all } from '../fuzz/connection.ts';
import { requestBytes } from '../fuzz/input.ts';
import type { Header } from '../fuzz/input.ts';
import { stackHosts } from '../support/stack.ts';
import { navigation } from '../support/visitor.ts';
import { gather } from './crowd.ts';
import { flood } from './flood.ts';
import type { FloodInput, FloodResult } from './flood.ts';
import type { Watched } from './watched.ts';

export interface Scale {
  /** How long a flood lasts. */
  readonly seconds: number;
  readonly connections: number;
  /** Connections of slow clients, and of idle ones. */
  readonly slow: number;
  readonly idle: number;
}

export interface Attack {
  readonly name: string;
  /** Resolves, when it is over, with a few words on what was done and what came back. */
  run(watched: Watched, scale: Scale): Promise<string>;
}

const ports = ({ stack }: Watched): { decisions: number; signIn: number } => ({
  decisions: Number(new URL(stack.decisions).port),
  signIn: stack.signInPort,
});

const words = ({ sent, perSecond, answers }: FloodResult): string =>
  `${sent} requests, ${perSecond}/s: ${[...answers].map(([status, count]) => `${count} × ${status}`).join(', ')}`;

const browser: readonly Header[] = Object.entries(navigation);

/** One start of a sign-in, as a browser sends it that was here before, with a full jar. */
function startBytes({ genuine }: Watched, headers: readonly Header[]): Buffer {
  const line = `GET /_cognito-gate/start/${genuine.routes.shop}?rd=/admin/orders?page=2 HTTP/1.1`;
  return requestBytes(line, [['Host', stackHosts.shop], ...browser, ...headers]);
}

const flooding = async (
  watched: Watched,
  scale: Scale,
  input: Pick<FloodInput, 'make' | 'answered' | 'perSecond'> & { readonly port: 'decisions' | 'signIn' },
): Promise<string> =>
  words(
    await flood({ ...input, port: ports(watched)[input.port], seconds: scale.seconds, connections: scale.connections }),
  );

const slow = (name: string, port: 'decisions' | 'signIn', first: string, drip: string): Attack => ({
  name,
  run: async (watched, { slow: size }) => {
    const crowd = await gather({ port: ports(watched)[port], size, first, drip });
    const opened = crowd.open;
    const gone = await crowd.gone();
    return `${opened} connections, the last let go after ${Math.round(gone / 100) / 10} s`;
  },
});

const idle = (port: 'decisions' | 'signIn'): Attack => ({
  name: `idle connections at the ${port === 'signIn' ? 'sign-in' : 'decision'} port`,
  run: async (watched, { idle: size, seconds }) => {
    // One answered request each: from then on they are kept connections, which may stay for 75 s.
    const first = `GET /nginx/x HTTP/1.1\r\nHost: ${stackHosts.shop}\r\n\r\n`;
    const crowd = await gather({ port: ports(watched)[port], size, first });
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
    const held = crowd.open;
    crowd.leave();
    return `${size} connections, ${held} held, ${crowd.refused} refused`;
  },
});

const slowHead = `GET /nginx/x HTTP/1.1\r\nHost: ${stackHosts.shop}\r\nX: `;
const slowForm = `POST /_cognito-gate/sign-out HTTP/1.1\r\nHost: ${stackHosts.shop}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 10000\r\n\r\n`;

/** Starts, and what follows at the sign-in host, up to states that are good for one callback each. */
async function validStates(
  watched: Watched,
  scale: Scale,
): Promise<readonly (readonly [state: string, cookie: string])[]> {
  const found: [string, string][] = [];
  const request = watched.genuine.requests[0] ?? '';
  await flooding(watched, scale, {
    port: 'signIn',
    make: () =>
      requestBytes(`GET /oauth2/authorize?request=${request} HTTP/1.1`, [['Host', stackHosts.signIn], ...browser]),
    answered: (answer) => {
      const state = new URL(all(answer, 'location')[0] ?? 'http://none.invalid').searchParams.get('state');
      const cookie = all(answer, 'set-cookie').find((line) => state !== null && line.includes(state));
      if (state !== null && cookie !== undefined) found.push([state, cookie.slice(0, cookie.indexOf(';'))]);
    },
  });
  return found;
}

const callbackBytes = (state: string, cookie: string): Buffer =>
  requestBytes(`GET /oauth2/callback?code=nothing&state=${state} HTTP/1.1`, [
    ['Host', stackHosts.signIn],
    ...browser,
    ['Cookie', cookie],
  ]);

const decisionBytes = ({ genuine }: Watched, cookie: string): Buffer =>
  requestBytes(`GET /nginx/${genuine.routes.shop} HTTP/1.1`, [
    ['Host', 'gate'],
    ['X-Original-URL', `https://${stackHosts.shop}/admin`],
    ['X-Original-Method', 'GET'],
    ['Cookie', cookie],
  ]);

/** Our own texts of the wrong kind, under names of ours: each has to be looked at. */
const manyOfOurs = ({ genuine }: Watched, count: number): string => {
  const sealed = genuine.cookies.map(([, value]) => value).filter((value) => value.length > 300);
  const list = Array.from(
    { length: 64 },
    (_, at) => `__Host-cga-${count}x${at}=${sealed[at % sealed.length] ?? ''}~%2F`,
  );
  return list.join('; ').slice(0, 60_000);
};

export const attacks: readonly Attack[] = [
  {
    name: 'nothing',
    run: async (_watched, { seconds }) =>
      new Promise((resolve) => setTimeout(resolve, seconds * 1000, 'the machine as it is')),
  },
  slow('slow headers at the decision port', 'decisions', slowHead, 'y'),
  slow('slow headers at the sign-in port', 'signIn', slowHead, 'y'),
  slow('forms whose body drips', 'signIn', slowForm, 'a'),
  idle('decisions'),
  idle('signIn'),
  {
    name: '1,000 starts a second from one address',
    run: (watched, scale) =>
      flooding(watched, scale, { port: 'signIn', perSecond: 1000, make: () => startBytes(watched, []) }),
  },
  {
    name: 'starts, as many as are answered',
    run: (watched, scale) => flooding(watched, scale, { port: 'signIn', make: () => startBytes(watched, []) }),
  },
  {
    name: 'starts with a full jar of attempts',
    run: (watched, scale) =>
      flooding(watched, scale, {
        port: 'signIn',
        make: (count) => startBytes(watched, [['Cookie', manyOfOurs(watched, count)]]),
      }),
  },
  {
    name: 'callbacks with states that nobody made',
    run: (watched, scale) =>
      flooding(watched, scale, {
        port: 'signIn',
        make: (count) => callbackBytes(`invented${count}`.padEnd(22, 'x'), 'a=b'),
      }),
  },
  {
    name: 'callbacks with good states and codes that are none',
    run: async (watched, scale) => {
      const states = await validStates(watched, { ...scale, seconds: scale.seconds / 2 });
      const half = { ...scale, seconds: scale.seconds / 2 };
      const make = (count: number): Buffer =>
        callbackBytes(...(states[count % states.length] ?? (['x', 'x=y'] as const)));
      return `${states.length} states; ${await flooding(watched, half, { port: 'signIn', make })}`;
    },
  },
  {
    name: 'T11.5 64 kB of cookies at the decision port',
    run: (watched, scale) =>
      flooding(watched, scale, {
        port: 'decisions',
        make: (count) => decisionBytes(watched, `x${count}=${'A'.repeat(63_000)}`),
      }),
  },
  {
    name: 'T11.4 session cookies that nobody sealed, each another',
    run: (watched, scale) =>
      flooding(watched, scale, {
        port: 'decisions',
        make: (count) => {
          const [name, session] = watched.genuine.session;
          const bad = `${session.slice(0, -12)}${String(count).padStart(12, 'A')}`;
          return decisionBytes(watched, Array.from({ length: 4 }, () => `${name}=${bad}`).join('; '));
        },
      }),
  },
  {
    name: 'T22.1 thousands of small cookies at the decision port',
    run: (watched, scale) =>
      flooding(watched, scale, {
        port: 'decisions',
        make: () =>
          decisionBytes(
            watched,
            Array.from({ length: 5000 }, (_, at) => `__Host-cg${at}=`)
              .join(';')
              .slice(0, 60_000),
          ),
      }),
  },
];
