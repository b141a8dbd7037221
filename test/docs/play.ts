import assert from 'node:assert/strict';
import { startLab } from './lab.ts';
import type { Front, Lab } from './lab.ts';
import { readPage } from './markdown.ts';
import type { Block } from './markdown.ts';

/** What is there before the first command of a page. */
export interface Scene {
  readonly front: Front;
  /** Annotations of the Ingress that is there before the page begins. */
  readonly shop?: Readonly<Record<string, string>>;
  /** Whether cognito-gate is installed already, and the app protected. */
  readonly before: 'nothing' | 'installed' | 'protected';
}

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
  let last = { text: '', output: '' };
  for (const { mark, text, line } of blocks) {
    const where = `${name}:${line}`;
    if (mark.startsWith('file: ')) await lab.write(mark.slice('file: '.length), text);
    if (mark === 'run') {
      const { code, output } = await lab.sh(text);
      last = { text, output };
      assert.equal(code, 0, `${where} failed:\n${output}`);
    }
    if (mark === 'shows') await compare(lab, text, last, where);
    if (mark === 'job') assert.deepEqual(missing(text, lab.kubelet.jobLog), [], `${where}: ${lab.kubelet.jobLog}`);
  }
}

/** A page says how long to sleep; a machine that is busy with other tests may need longer, and is asked again. */
async function compare(lab: Lab, page: string, ran: { text: string; output: string }, where: string): Promise<void> {
  let { output } = ran;
  for (let again = 0; again < 5 && missing(page, output).length > 0; again += 1)
    output = (await lab.sh(`set +e\nsleep 2\n${ran.text}`)).output;
  assert.deepEqual(missing(page, output), [], `${where}; printed was:\n${output}`);
}

/**
 * Does what a page says as an operator would, in a cluster of its own, from its first marked block to its last.
 * `<!-- run -->` before a block runs it, `<!-- file: NAME -->` writes it, `<!-- shows -->` is what the block before it
 * printed, `<!-- job -->` what the release's Job did.
 */
export async function playPage(name: string, scene: Scene): Promise<void> {
  const lab = await startLab({ front: scene.front, apps: { shop: scene.shop ?? {} } });
  try {
    await prepare(lab, scene);
    await follow(lab, readPage(name).blocks, name);
  } finally {
    await lab.stop();
  }
}
