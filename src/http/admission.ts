import type { Server as HttpServer } from 'node:http';
import type { Server as HttpsServer } from 'node:https';
import Fastify from 'fastify';
import { malformed, NotLoadedError } from '../controller/admission-review.ts';
import type { AdmissionResponse } from '../controller/admission-review.ts';
import type { ServedAdmission } from '../controller/patient-admission.ts';
import type { Server } from './server.ts';

export interface ServingPair {
  /** PEM text. */
  readonly cert: string;
  readonly key: string;
}

export type AdmissionOutcome = 'allowed' | 'patched' | 'denied' | 'failed';

export interface AdmissionServerDeps {
  readonly admission: ServedAdmission;
  /** Undefined while there is none yet: handshakes fail then, and the webhook's failure policy decides. */
  certificate(): ServingPair | undefined;
  onCertificate(listener: () => void): void;
  observe(webhook: 'mutate' | 'validate', outcome: AdmissionOutcome, seconds: number): void;
  failed(error: unknown): void;
  /** Seconds, from any start. */
  clock(): number;
}

/** An object of etcd has at most 1.5 MiB; a review carries it twice. */
const bodyLimit = 4 * 1024 * 1024;

/**
 * The admission port. An answer that can't be given is an HTTP error with a `Status` of Kubernetes, never a "no" of ours:
 * the webhook that may do without us goes on then, and the one that may not refuses with our words.
 */
export function createAdmissionServer(deps: AdmissionServerDeps): Server {
  const app = Fastify({
    logger: false,
    https: { minVersion: 'TLSv1.2', handshakeTimeout: 10_000, ...deps.certificate() },
    requestTimeout: 10_000,
    handlerTimeout: 10_000,
    // Longer than the API server keeps an idle connection (90 s): then it is never we who close one that it just uses.
    keepAliveTimeout: 120_000,
    // A replica that stops still answers what comes over connections that are there: the failing-closed webhook has no other.
    return503OnClosing: false,
    bodyLimit,
    exposeHeadRoutes: false,
  });
  const tls: HttpsServer = app.server;
  tls.headersTimeout = 10_000;
  // The API server keeps its connections: only new ones see a new certificate, and none is cut for it.
  deps.onCertificate(() => {
    const pair = deps.certificate();
    if (pair !== undefined) tls.setSecureContext({ minVersion: 'TLSv1.2', ...pair });
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  app.setNotFoundHandler(
    (_request, reply) => void reply.code(404).send(status(404, 'NotFound', 'there is no such webhook')),
  );
  app.setErrorHandler((error: { statusCode?: number; message: string }, _request, reply) => {
    const code = error.statusCode ?? 500;
    void reply.code(code).send(status(code, code === 413 ? 'RequestEntityTooLarge' : 'BadRequest', error.message));
  });
  for (const webhook of ['mutate', 'validate'] as const) {
    app.post(`/${webhook}`, async (request, reply) => {
      const { code, body } = await answered(deps, webhook, request.body);
      return reply.code(code).type('application/json').send(body);
    });
  }
  return asServer(app);
}

/** Fastify types a TLS server as another kind of instance; what the composition root calls is the same. */
function asServer(app: unknown): Server {
  return app as Server & { readonly server: HttpServer };
}

interface Answer {
  readonly code: number;
  readonly body: string;
}

async function answered(deps: AdmissionServerDeps, webhook: 'mutate' | 'validate', body: unknown): Promise<Answer> {
  const started = deps.clock();
  const end = (outcome: AdmissionOutcome, answer: Answer): Answer => {
    deps.observe(webhook, outcome, deps.clock() - started);
    return answer;
  };
  const review = parsed(body);
  try {
    const response = review === undefined ? malformed('the body is no JSON') : await deps.admission[webhook](review);
    return end(outcomeOf(response), { code: response.uid === '' ? 400 : 200, body: reviewOf(response) });
  } catch (error) {
    if (error instanceof NotLoadedError) return end('failed', notLoaded(error));
    deps.failed(error);
    return end('failed', {
      code: 500,
      body: JSON.stringify(status(500, 'InternalError', 'an error of cognito-gate; its log has it')),
    });
  }
}

function notLoaded({ message }: NotLoadedError): Answer {
  return { code: 503, body: JSON.stringify(status(503, 'ServiceUnavailable', message)) };
}

function parsed(body: unknown): unknown {
  if (!Buffer.isBuffer(body)) return undefined;
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}

function outcomeOf({ allowed, patch }: AdmissionResponse): AdmissionOutcome {
  if (!allowed) return 'denied';
  return patch === undefined ? 'allowed' : 'patched';
}

function reviewOf(response: AdmissionResponse): string {
  return JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response });
}

function status(code: number, reason: string, message: string): object {
  return { apiVersion: 'v1', kind: 'Status', status: 'Failure', code, reason, message, metadata: {} };
}
