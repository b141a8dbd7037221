import type { KubeClient } from '../src/kubernetes/client.ts';
import { apply, ingress, placeOf, policy } from './thousand.ts';
import type { Place } from './thousand.ts';

/** One change, and how its being in force is told. */
export interface Change {
  readonly place: Place;
  /** This path is then answered so, and wasn't before: by a decision port, and by the proxy. */
  readonly path: string;
  readonly decision: number;
  readonly seen: number;
  apply(client: KubeClient): Promise<void>;
}

interface Kind {
  readonly name: string;
  prepare(index: number, appPort: number): Change;
}

const marked = (name: string): Record<string, string> => ({ 'cognito-gate.dev/policy': name });

/** The ways in which people change things. */
export const kinds: readonly Kind[] = [
  {
    name: 'policy edited',
    prepare: (index) => {
      const place = placeOf('shop', index);
      const path = `/opened-${index}`;
      return {
        place,
        path,
        decision: 200,
        seen: 200,
        apply: async (client) => await apply(client, 'accessPolicies', place, policy(place, path, false)),
      };
    },
  },
  {
    name: 'open Ingress annotated',
    prepare: (index, appPort) => {
      const place = placeOf('annotated', index);
      const annotations = { 'cognito-gate.dev/allowed-groups': 'staff' };
      return {
        place,
        path: '/',
        decision: 401,
        seen: 302,
        apply: async (client) => await apply(client, 'ingresses', place, ingress(place, appPort, annotations)),
      };
    },
  },
  {
    name: 'policy made for an open Ingress (targetRefs)',
    prepare: (index) => {
      const place = placeOf('targeted', index);
      return {
        place,
        path: '/',
        decision: 401,
        seen: 302,
        apply: async (client) => await apply(client, 'accessPolicies', place, policy(place, '/healthz', true)),
      };
    },
  },
  {
    name: 'protected Ingress made',
    prepare: (index, appPort) => {
      const place = placeOf('made', index);
      return {
        place,
        path: '/',
        decision: 401,
        seen: 302,
        apply: async (client) => await apply(client, 'ingresses', place, ingress(place, appPort, marked(place.name))),
      };
    },
  },
];
