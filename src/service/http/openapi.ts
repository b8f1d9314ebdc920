import swagger from '@fastify/swagger';
import type { App } from '../service.ts';

/** Describes every route that is registered after it: OpenAPI 3.1, made from the schemas that validate. */
export async function describeRoutes(app: App, version: string): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'keyline registry',
        version,
        description:
          'Errors are problem documents (RFC 9457). A POST that changes something takes Idempotency-Key, a change of a resource If-Match.',
      },
      components: {
        securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } },
      },
    },
    hideUntagged: false,
  });
}
