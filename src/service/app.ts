import { randomBytes } from 'node:crypto';
import type { ServerOptions } from 'node:https';
import fastify, { LogController } from 'fastify';
import type { FastifyBaseLogger, FastifyRequest } from 'fastify';
import type { TSchema } from 'typebox';
import { toCrockford } from '../kernel/bytes.ts';
import { requireAccess } from './auth/caller.ts';
import type { Caller } from './auth/caller.ts';
import { findCaller, readBearer } from './auth/sessions.ts';
import { answerErrors } from './http/errors.ts';
import { Repeatable } from './http/idempotency.ts';
import { prepareLimits } from './http/limits.ts';
import type { Metrics } from './http/metrics.ts';
import { describeRoutes } from './http/openapi.ts';
import { Problem } from './http/problem.ts';
import { compileAnswerCheck, compileValidator, refuseStrayBody } from './http/validation.ts';
import { registerRoutes } from './routes/routes.ts';
import type { Access, App, Service } from './service.ts';

/** How the application stands in its process. */
export interface AppOptions {
  readonly log: FastifyBaseLogger;
  readonly metrics: Metrics;
  /** Of keyline, for the description of the routes. */
  readonly version: string;
  /** Certificate and key; plain HTTP without. */
  readonly https?: ServerOptions | undefined;
  /** Addresses of proxies whose X-Forwarded-For is believed. */
  readonly trustProxy?: string | undefined;
  /** Answers that their schemas do not describe become errors: for tests. */
  readonly checkAnswers?: boolean;
  /** Registered after the API's own, under the same rules. */
  readonly moreRoutes?: (app: App) => void;
}

/** A route as the generated tests walk it. */
export interface RouteEntry {
  readonly method: string;
  readonly url: string;
  readonly access: Access;
}

declare module 'fastify' {
  interface FastifyInstance {
    /** Who this request's token is for, as of now; it also becomes its `caller`. */
    authenticate(request: FastifyRequest): Promise<Caller | undefined>;
    readonly repeatable: Repeatable;
    readonly routeEntries: readonly RouteEntry[];
  }
}

/** JSON bodies; a route that takes more says so. */
const BODY_LIMIT = 1024 * 1024;

/** The registry's application, ready to listen; the caller closes it. */
export async function buildApp(service: Service, options: AppOptions): Promise<App> {
  const { log, metrics, https, checkAnswers = false } = options;
  const app = fastify({
    loggerInstance: log,
    ...(https && { https }),
    logController: new LogController({
      disableRequestLogging: true,
      requestIdLogLabel: 'requestId',
    }),
    bodyLimit: BODY_LIMIT,
    trustProxy: options.trustProxy ?? false,
    genReqId: () => `rq_${toCrockford(randomBytes(10))}`,
    requestTimeout: 120_000,
    return503OnClosing: false,
    exposeHeadRoutes: false,
    forceCloseConnections: 'idle',
  }) as unknown as App;
  app.setValidatorCompiler(compileValidator);
  app.setSerializerCompiler(({ schema }) =>
    checkAnswers ? compileAnswerCheck(schema as TSchema) : JSON.stringify,
  );
  answerErrors(app, service);
  app.decorateRequest('caller', undefined);
  app.decorate('authenticate', (request: FastifyRequest) => authenticate(service, request));
  app.decorate('repeatable', new Repeatable(service));
  app.decorate('routeEntries', collectRoutes(app));
  const checkLimit = await prepareLimits(app, service.limits);
  await describeRoutes(app, options.version);
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id);
    reply.header('cache-control', 'no-store');
    const { access = 'member' } = request.routeOptions.config;
    // Whoever asks whether the process lives needs no database for it.
    if (access !== 'anyone' || request.is404) await app.authenticate(request);
    await checkLimit(request);
    if (!request.is404) requireAccess(request.caller, access);
  });
  app.addHook('preValidation', (request, _reply, done) => {
    refuseStrayBody(request);
    done();
  });
  app.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'none';
    const ms = reply.elapsedTime;
    metrics.answered({ method: request.method, route, status: reply.statusCode }, ms / 1_000);
    const { caller } = request;
    const account = caller && { account: caller.accountId };
    request.log.info({ method: request.method, route, status: reply.statusCode, ms, ...account });
    done();
  });
  registerRoutes(app, service);
  options.moreRoutes?.(app);
  await app.ready();
  return app;
}

async function authenticate(
  { store, clock }: Service,
  request: FastifyRequest,
): Promise<Caller | undefined> {
  const token = readBearer(request.headers.authorization);
  const at = clock.now().toISOString();
  request.caller = token === undefined ? undefined : await findCaller(store.reader, token, at);
  return request.caller;
}

/** Every route says whom it is for, and every error of it is described. */
function collectRoutes(app: App): readonly RouteEntry[] {
  const entries: RouteEntry[] = [];
  app.addHook('onRoute', (route) => {
    const { access } = route.config ?? {};
    if (access === undefined) throw new Error(`the route ${route.url} does not say whom it is for`);
    for (const method of [route.method].flat()) entries.push({ method, url: route.url, access });
    const response = (route.schema?.response ?? {}) as Record<string, unknown>;
    const security = access === 'anyone' ? [] : [{ bearer: [] }];
    const problem = {
      description: 'What went wrong.',
      content: { 'application/problem+json': { schema: Problem } },
    };
    route.schema = { ...route.schema, security, response: { ...response, default: problem } };
  });
  return entries;
}
