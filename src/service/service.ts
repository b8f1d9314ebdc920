import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type {
  FastifyBaseLogger,
  FastifyInstance,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from 'fastify';
import type { Clock } from '../kernel/clock.ts';
import type { Permission } from '../model/role.ts';
import type { Caller } from './auth/caller.ts';
import type { MasterKey } from './keys/master-key.ts';
import type { DeviceLooks } from './routes/device-looks.ts';
import type { Store } from './store/store.ts';

/** What every route stands on; made once by whoever composes the process. */
export interface Service {
  readonly store: Store;
  readonly clock: Clock;
  readonly masterKey: MasterKey;
  /** How devices and proofs name this registry, without a slash at its end. */
  readonly publicUrl: string;
  readonly limits: Limits;
  /** Aborted when the process is to end: streams and long polls end with it. */
  readonly closing: AbortSignal;
  /** Devices that wait look together. */
  readonly looks: DeviceLooks;
}

/** How much one principal or address may ask for. */
export interface Limits {
  /** Requests a minute by one principal or device. */
  readonly principalPerMinute: number;
  /** Requests a minute from one address without a valid token. */
  readonly addressPerMinute: number;
  /** Tries with a password in ten minutes under one name; ten times as many from one address. */
  readonly loginsPerTenMinutes: number;
}

/** Whom a route is for: anyone, a device, anyone with a token for an account, or whoever may do this there. */
export type Access = 'anyone' | 'device' | 'member' | Permission;

/** The application as routes see it: request and answer have the types of their schemas. */
export type App = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Every route says it; the application does not start otherwise. */
    access?: Access;
  }
  interface FastifyRequest {
    /** Who asks; undefined on a route for anyone. */
    caller: Caller | undefined;
  }
}
