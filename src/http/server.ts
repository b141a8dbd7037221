import type { FastifyInstance } from 'fastify';

/** What the composition root starts and stops. */
export type Server = FastifyInstance;
