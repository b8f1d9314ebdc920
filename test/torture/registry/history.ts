/** What a client meant by a request. */
export type Asked =
  | { readonly kind: 'read' }
  | {
      readonly kind: 'upload';
      readonly lotId: string;
      readonly first: number;
      readonly count: number;
    }
  | { readonly kind: 'part'; readonly uploadId: string; readonly n: number }
  | { readonly kind: 'commit'; readonly uploadId: string }
  | {
      readonly kind: 'committed';
      readonly uploadId: string;
      readonly first: number;
      readonly count: number;
    }
  | { readonly kind: 'register'; readonly indexes: readonly number[] }
  | { readonly kind: 'transfer'; readonly to: string; readonly note: string }
  | { readonly kind: 'decide'; readonly transferId: string; readonly decision: AskedDecision }
  | { readonly kind: 'withdraw'; readonly transferId: string; readonly devices?: readonly string[] }
  | { readonly kind: 'session'; readonly index: number }
  | {
      readonly kind: 'check-in';
      readonly deviceId: string;
      readonly counter: number;
      readonly acknowledges?: Acknowledged;
    };

/** What a destination said: of all, with exceptions that get the opposite, or item by item. */
export type AskedDecision =
  | { readonly default: Verdict; readonly except: readonly string[] }
  | { readonly items: readonly { readonly deviceId: string; readonly decision: Verdict }[] };
export type Verdict = 'accept' | 'refuse';

/** A configuration that a device says it has. */
export interface Acknowledged {
  readonly step: number;
  readonly version: number;
  readonly digest: string;
}

/** One time that a request was sent. */
export type Attempt =
  /** The connection ended, or nothing came: it may have been carried out. */
  | { readonly lost: string }
  | {
      readonly status: number;
      /** Of a problem. */
      readonly code?: string;
      readonly body: unknown;
      readonly requestId: string;
      readonly isReplay: boolean;
    };
export type Answer = Exclude<Attempt, { readonly lost: string }>;

/** One request with all its repetitions, which have one Idempotency-Key. */
export interface Call {
  readonly n: number;
  /** Handle of the account, or the id of the device. */
  readonly by: string;
  readonly method: string;
  readonly path: string;
  readonly key?: string | undefined;
  readonly asked: Asked;
  /** In the order in which they ended. */
  readonly attempts: Attempt[];
}

/** Everything that clients saw, and what was done to the servers. */
export interface History {
  readonly calls: readonly Call[];
  /** Numbers of the events that whoever follows an account's feed got, in their order, with their content. */
  readonly feeds: Readonly<Record<string, readonly SeenEvent[]>>;
  /** Endpoint keys of the units that were registered, by their index. */
  readonly credentials: Readonly<Record<number, string>>;
  /** Servers that ended when nobody had killed them, or did not come up, and requests that nobody answered. */
  readonly falls: readonly string[];
}

/** One event as a follower got it. */
export interface SeenEvent {
  readonly seq: number;
  readonly type: string;
  readonly subject: string;
  readonly at: string;
}

/** The answers of a call, lost ones left out. */
export function answersOf({ attempts }: Call): Answer[] {
  return attempts.filter((attempt): attempt is Answer => !('lost' in attempt));
}

/** The answer that says that it was carried out, or undefined. */
export function successOf(call: Call): Answer | undefined {
  return answersOf(call).find(({ status }) => status >= 200 && status < 300);
}

/**
 * Whether it may have been carried out: it was answered so, or it was lost at least once: one that is
 * slow on its way can come after the one that was refused.
 */
export function mayHaveHappened(call: Call): boolean {
  return successOf(call) !== undefined || call.attempts.some((attempt) => 'lost' in attempt);
}
