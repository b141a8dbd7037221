import type { Scene } from './play.ts';

const old = {
  'nginx.ingress.kubernetes.io/auth-url': 'http://oauth2-proxy.auth.svc.cluster.local/oauth2/auth',
  'nginx.ingress.kubernetes.io/auth-signin': 'https://auth-old.example.com/oauth2/start',
};

/** Pages that install, and pages about what is installed: two files of tests, which run at the same time. */
export const scenes: Readonly<Record<'install' | 'operate', Readonly<Record<string, Scene>>>> = {
  install: {
    'README.md': { front: 'ingress-nginx', before: 'nothing' },
    'docs/operating/install-ingress-nginx.md': { front: 'ingress-nginx', before: 'nothing' },
    'docs/operating/install-traefik.md': { front: 'Traefik', before: 'nothing' },
    'docs/operating/gitops.md': { front: 'none', before: 'installed' },
  },
  operate: {
    'docs/operating/from-oauth2-proxy.md': { front: 'ingress-nginx', shop: old, before: 'installed' },
    'docs/operating/end-sessions.md': { front: 'none', before: 'installed' },
    'docs/operating/break-glass.md': { front: 'ingress-nginx', before: 'protected' },
    'docs/operating/upgrade-and-uninstall.md': { front: 'ingress-nginx', before: 'protected' },
    'docs/operating/rotate-keys.md': { front: 'none', before: 'installed' },
    'docs/operating/several-installations.md': { front: 'none', before: 'installed' },
  },
};
