/** A proxy of the machine's must not get what is meant for the stand-in. */
export function withoutProxy(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const others = environment['NO_PROXY'] ?? environment['no_proxy'] ?? '';
  const noProxy = [others, '127.0.0.1', 'localhost', '.localhost'].filter(Boolean).join(',');
  return { NO_PROXY: noProxy, no_proxy: noProxy };
}

/** Where the resolver doesn't know that names under `.localhost` are loopback, the program asks the stand-in's pages all the same. */
export function withLocalhostNames(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const names = new URL('../test/support/localhost-names.ts', import.meta.url).href;
  return { NODE_OPTIONS: `${environment['NODE_OPTIONS'] ?? ''} --import=${names}`.trim() };
}
