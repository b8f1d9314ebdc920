import { Type } from 'typebox';
import { KeylineError } from '../../kernel/errors.ts';
import type { App, Service } from '../service.ts';

const State = Type.Object({ status: Type.Literal('ok') }, { additionalProperties: false });

/** Whether the process lives, and whether it should get requests. */
export function healthRoutes(app: App, { store, closing }: Service): void {
  const config = { access: 'anyone' } as const;
  const schema = { tags: ['health'], response: { 200: State } };
  app.get('/healthz', { config, schema }, () => ({ status: 'ok' as const }));
  app.get('/readyz', { config, schema }, async () => {
    if (closing.aborted) {
      throw new KeylineError('registry-unavailable', { message: 'the registry is shutting down' });
    }
    await store.ping();
    return { status: 'ok' as const };
  });
}
