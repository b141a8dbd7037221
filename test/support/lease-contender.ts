import { createKubeClient } from '../../src/kubernetes/client.ts';
import { openConnection } from '../../src/kubernetes/connection.ts';
import { createLease } from '../../src/kubernetes/lease.ts';

/** A process that wants a Lease: `lease-contender.ts KUBECONFIG NAMESPACE NAME IDENTITY`. Says when it leads and when it doesn't. */
const [kubeconfig = '', namespace = '', name = '', identity = ''] = process.argv.slice(2);

const stop = new AbortController();
process.on('SIGTERM', () => stop.abort());
// Whoever started us is gone, however it ended.
process.stdin.on('close', () => process.exit()).resume();
const client = createKubeClient(openConnection({ kubeconfig }, {}));
await createLease({
  client,
  namespace,
  name,
  identity,
  now: Date.now,
  random: Math.random,
  onChange: (leading) => console.log(leading ? 'leading' : 'following'),
  onError: (error) => console.error(error.message),
}).run(stop.signal);
client.close();
process.exit();
