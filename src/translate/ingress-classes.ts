import type { Installation } from '../model/snapshot.ts';
import type { IngressFacts } from './ingress-facts.ts';
import { asJson } from './objects.ts';
import type { Entry } from './objects.ts';

const nginxController = 'k8s.io/ingress-nginx';
const defaultAnnotation = 'ingressclass.kubernetes.io/is-default-class';

export interface IngressClasses {
  /** Why no proxy of ours serves the Ingress; undefined: one does. */
  wrong(facts: Pick<IngressFacts, 'className' | 'legacyClass'>): string | undefined;
}

interface Class {
  readonly name: string;
  readonly controller: string;
  readonly isDefault: boolean;
}

function classOf({ ref, values }: Entry): Class {
  const [value] = values;
  const controller = asJson(value?.['spec'])['controller'];
  const annotations = asJson(asJson(value?.['metadata'])['annotations']);
  return {
    name: ref.name,
    controller: typeof controller === 'string' ? controller : '',
    isDefault: annotations[defaultAnnotation] === 'true',
  };
}

/** As ingress-nginx chooses: spec.ingressClassName, then the old annotation, whose value needs no IngressClass. */
export function readIngressClasses(entries: readonly Entry[], installation: Installation): IngressClasses {
  // A folder without classes says nothing about them: everything in it is for the proxy beside it.
  if (entries.length === 0 && installation.releaseNamespace === undefined) return { wrong: () => undefined };
  const classes = entries.map(classOf);
  const byName = new Map(classes.map((one) => [one.name, one]));
  const defaults = classes.filter((one) => one.isDefault);
  const ours = installation.ingressControllers;
  const controllers = ours.join(', ');
  const judge = (one: Class): string | undefined =>
    ours.includes(one.controller)
      ? undefined
      : `class ${one.name} is served by ${one.controller}, which does not read our wiring: use a class of ${controllers}`;
  return {
    wrong: ({ className, legacyClass }) => {
      if (className === undefined) {
        const [first] = defaults;
        if (first === undefined)
          return `no class is named, and none is the default: set it to a class of ${controllers}`;
        return defaults.map(judge).find((wrong) => wrong !== undefined);
      }
      const named = byName.get(className);
      if (named !== undefined) return judge(named);
      if (legacyClass && className === 'nginx' && ours.includes(nginxController)) return undefined;
      return `there is no IngressClass of this name: correct it, use a class of ${controllers}`;
    },
  };
}
