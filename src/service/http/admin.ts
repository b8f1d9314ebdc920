import fastify from 'fastify';
import type { FastifyInstance } from 'fastify';
import type { Service } from '../service.ts';
import type { Metrics } from './metrics.ts';

/** What only those who run the registry see, on an address of its own: metrics, health, readiness. */
export function buildAdminApp({ store, closing }: Service, metrics: Metrics): FastifyInstance {
  const app = fastify({ forceCloseConnections: true });
  metrics.gauge('process_resident_memory_bytes', 'Resident memory.', () =>
    process.memoryUsage.rss(),
  );
  metrics.gauge('process_uptime_seconds', 'Seconds since the start.', () => process.uptime());
  app.get('/metrics', (_, reply) =>
    reply.type('text/plain; version=0.0.4; charset=utf-8').send(metrics.render()),
  );
  app.get('/healthz', () => ({ status: 'ok' }));
  app.get('/readyz', async (_, reply) => {
    const isReady = await store.ping().then(
      () => !closing.aborted,
      () => false,
    );
    return reply.status(isReady ? 200 : 503).send({ status: isReady ? 'ok' : 'unavailable' });
  });
  return app;
}
