import type { Cluster } from './cluster-source.ts';
import { createAppProbes } from './controller/app-probes.ts';
import type { ProbedApp } from './controller/app-probes.ts';
import { closedPlace } from './decide/closed-place.ts';
import { probeApp } from './http/probe-app.ts';

/** The leader asks whether protected apps are closed, where the installation says how the proxy is reached. */
export async function startAppProbes(
  { config, inForce, metrics, log, signal }: Cluster,
  leading: () => boolean,
): Promise<void> {
  const proxy = config.probeApps;
  if (proxy === undefined) return;
  const options = { acme: config.acmeChallenges, prefix: config.prefix, now: () => Math.floor(Date.now() / 1000) };
  const apps = (): readonly ProbedApp[] =>
    [...(inForce.table()?.allRoutes() ?? [])].flatMap((compiled) => {
      const place = closedPlace(compiled, options);
      const { namespace, name } = compiled.route;
      return place === undefined ? [] : [{ namespace, name, ...place }];
    });
  const probes = createAppProbes({
    ask: async (app) => await probeApp({ ...app, proxy, port: config.publicPort }),
    apps,
    leading,
    random: Math.random,
    onRound: (open) => {
      metrics.reset('cognito_gate_app_open');
      for (const { namespace, name, host, path } of open) {
        metrics.set('cognito_gate_app_open', 1, namespace, name);
        log.error(
          { namespace, ingress: name, host, path },
          'a protected app answers strangers: look for a second way in, and for settings of the proxy that take its refusals away',
        );
      }
    },
  });
  await probes.run(signal);
}
