import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { createAppProbes } from '../../src/controller/app-probes.ts';
import type { ProbedApp, ProbedAs } from '../../src/controller/app-probes.ts';

const apps = ['shop', 'wiki', 'news'].map((name): ProbedApp => ({
  namespace: name,
  name,
  host: `${name}.example.com`,
  path: '/',
}));

suite('P20 the leader asks whether protected apps are closed', () => {
  const probe = (answers: Readonly<Record<string, ProbedAs>>, leads: () => boolean) => {
    const rounds: (readonly string[])[] = [];
    const asked: string[] = [];
    const probes = createAppProbes({
      apps: () => apps,
      ask: async ({ name }) => {
        asked.push(name);
        return await Promise.resolve(answers[name] ?? 'closed');
      },
      leading: leads,
      random: () => 0.5,
      onRound: (open) => rounds.push(open.map(({ name }) => name)),
    });
    return { probes, rounds, asked };
  };

  test('P20 what answers with 2xx is told, what is in doubt is not', async () => {
    const { probes, rounds, asked } = probe({ wiki: 'open', news: 'unclear' }, () => true);
    await probes.round();
    assert.deepEqual(asked, ['shop', 'wiki', 'news'], 'each once');
    assert.deepEqual(rounds, [['wiki']]);
  });

  test('who lost the lead meanwhile tells nothing', async () => {
    const { probes, rounds } = probe({ wiki: 'open' }, () => false);
    await probes.round();
    assert.deepEqual(rounds, [[]]);
  });

  test('it ends at once when the process does', async () => {
    const { probes, asked } = probe({}, () => true);
    const ending = new AbortController();
    const running = probes.run(ending.signal);
    ending.abort();
    await running;
    assert.deepEqual(asked, []);
  });
});
