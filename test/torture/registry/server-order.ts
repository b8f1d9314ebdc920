import type { Place } from './mortal-change.ts';

/** What a server is told, as JSON in its only argument. */
export interface ServerOrder {
  /** `postgres://…` or a path. */
  readonly database: string;
  readonly masterKeyFile: string;
  readonly publicUrl: string;
  /** Where it kills itself, and at which time of being there; elsewhere it is killed from outside. */
  readonly death?: { readonly place: Place; readonly nth: number } | undefined;
}
