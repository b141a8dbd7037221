/**
 * The manual's own commands, run as an operator would: each page in a cluster of its own, from its first marked block to
 * its last. `<!-- run -->` before a block runs it, `<!-- file: NAME -->` writes it, `<!-- shows -->` is what the block
 * before it printed, `<!-- job -->` what the release's Job did.
 */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { pageNames, readPage } from './markdown.ts';
import type { Block } from './markdown.ts';
import { startLab } from './lab.ts';
import type { Front, Lab } from './lab.ts';

interface Scene {
  readonly front: Front;
  /** Annotations of the Ingress that is there before the page begins. */
  readonly shop?: Readonly<Record<string, string>>;
  /** Whether cognito-gate is installed already, and the app protected. */
  readonly before: 'nothing' | 'installed' | 'protected';
}

const old = {
  'nginx.ingress.kubernetes.io/auth-url': 'http://oauth2-proxy.auth.svc.cluster.local/oauth2/auth',
  'nginx.ingress.kubernetes.io/auth-signin': 'https://auth-old.example.com/oauth2/start',
};

const scenes: Readonly<Record<string, Scene>> = {
  'README.md': { front: 'ingress-nginx', before: 'nothing' },
  'docs/operating/install-ingress-nginx.md': { front: 'ingress-nginx', before: 'nothing' },
  'docs/operating/install-traefik.md': { front: 'Traefik', before: 'nothing' },
  'docs/operating/gitops.md': { front: 'none', before: 'installed' },
  'docs/operating/from-oauth2-proxy.md': { front: 'ingress-nginx', shop: old, before: 'installed' },
  'docs/operating/break-glass.md': { front: 'ingress-nginx', before: 'protected' },
  'docs/operating/upgrade-and-uninstall.md': { front: 'ingress-nginx', before: 'protected' },
  'docs/operating/several-installations.md': { front: 'none', before: 'installed' },
};

const install = `
kubectl create namespace cognito-gate
kubectl create secret generic staff-client -n cognito-gate --from-literal=clientSecret=the-client-secret
helm install cognito-gate charts/cognito-gate --namespace cognito-gate --values values.yaml
kubectl rollout status deployment/cognito-gate -n cognito-gate --timeout=60s
`;
const protect = `
kubectl annotate ingress shop -n shop cognito-gate.dev/allowed-groups=admins
sleep 2
`;

async function prepare(lab: Lab, { before }: Scene): Promise<void> {
  const values = readPage('docs/operating/install-ingress-nginx.md').blocks.find(({ mark }) =>
    mark.startsWith('file: values.yaml'),
  );
  if (before === 'nothing') return;
  await lab.write('values.yaml', values?.text ?? '');
  const { code, output } = await lab.sh(before === 'protected' ? install + protect : install);
  assert.equal(code, 0, output);
}

/** Ages, addresses and the like are another time's; spaces in columns follow them. */
function shape(line: string): string {
  return line
    .replaceAll(/\b(\d+d)?(\d+h)?(\d+m)?\d+s\b/g, 'AGE')
    .replaceAll(/127\.0\.0\.1:\d+/g, 'ADDRESS')
    .replaceAll(/[0-9a-f]{12,32}/g, 'HEX')
    .replaceAll(/[ -]+/g, ' ')
    .trim();
}

/** Lines of the page that were not printed; `…` stands for anything. */
function missing(page: string, printed: string): readonly string[] {
  const lines = new Set(printed.split('\n').map(shape));
  return page.split('\n').filter((line) => line.trim() !== '' && line.trim() !== '…' && !lines.has(shape(line)));
}

async function follow(lab: Lab, blocks: readonly Block[], name: string): Promise<void> {
  let printed = '';
  for (const { mark, text, line } of blocks) {
    const where = `${name}:${line}`;
    if (mark.startsWith('file: ')) await lab.write(mark.slice('file: '.length), text);
    if (mark === 'run') {
      const { code, output } = await lab.sh(text);
      printed = output;
      assert.equal(code, 0, `${where} failed:\n${output}`);
    }
    if (mark === 'shows') assert.deepEqual(missing(text, printed), [], `${where}; printed was:\n${printed}`);
    if (mark === 'job') assert.deepEqual(missing(text, lab.kubelet.jobLog), [], `${where}: ${lab.kubelet.jobLog}`);
  }
}

suite('the commands of the manual', () => {
  for (const [name, scene] of Object.entries(scenes)) {
    test(`${name} works as it stands there`, { timeout: 90_000 }, async () => {
      const lab = await startLab({ front: scene.front, apps: { shop: scene.shop ?? {} } });
      try {
        await prepare(lab, scene);
        await follow(lab, readPage(name).blocks, name);
      } finally {
        await lab.stop();
      }
    });
  }

  test('no page has marked blocks that nobody runs', () => {
    const marked = pageNames().filter((name) => readPage(name).blocks.some(({ mark }) => mark === 'run'));
    assert.deepEqual(marked.toSorted(), Object.keys(scenes).toSorted());
  });
});
