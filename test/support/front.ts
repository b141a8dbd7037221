import { join } from 'node:path';
import type { GateCluster } from './gate-cluster.ts';
import { startNginxIngress } from './nginx-ingress.ts';
import { freePort } from './ports.ts';
import { startTraefik } from './traefik.ts';

/** The ingress controllers that read our annotations. */
export const readers = ['Traefik', 'NGINX'] as const;
export type Reader = (typeof readers)[number];

export interface Front {
  /** Everything that the API server has is in force, as far as it says so; before, old and new answer in turn. */
  settled(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts one before a gate; `port` is that of its https, by default the gate's own, where sign-ins end. */
export async function startFront(reader: Reader, gate: GateCluster, port = gate.port): Promise<Front> {
  const { cluster, tls } = gate;
  const folder = join(gate.folder, reader.toLowerCase());
  if (reader === 'NGINX') return await startNginxIngress({ cluster, folder, port, tls });
  const traefik = await startTraefik({ cluster, folder, httpPort: await freePort(), httpsPort: port, tls });
  return { settled: async () => undefined, stop: () => traefik.stop() };
}
