// What keyline uses of pg, whose package has no types.
declare module 'pg' {
  import type { EventEmitter } from 'node:events';
  import type { PostgresPool, PostgresPoolClient } from 'kysely';

  export interface PgResult<Row> {
    readonly rows: Row[];
    readonly rowCount: number | null;
  }

  export interface PgOptions {
    readonly connectionString: string;
    readonly application_name?: string;
    readonly connectionTimeoutMillis?: number;
    readonly statement_timeout?: number;
    readonly idle_in_transaction_session_timeout?: number;
    readonly keepAlive?: boolean;
    readonly types?: { getTypeParser(oid: number, format?: string): (value: string) => unknown };
  }

  export class Client extends EventEmitter {
    constructor(options: PgOptions);
    connect(): Promise<void>;
    /** A query of pg-copy-streams is returned as it is, a stream. */
    query<Row = Record<string, unknown>>(
      text: string,
      values?: readonly unknown[],
    ): Promise<PgResult<Row>>;
    query<Stream extends { submit(connection: unknown): void }>(stream: Stream): Stream;
    end(): Promise<void>;
  }

  export interface PoolClient extends Client {
    /** With an error the connection is closed and not used again. */
    release(error?: Error | boolean): void;
  }

  export class Pool extends EventEmitter implements PostgresPool {
    constructor(
      options: PgOptions & {
        readonly max?: number;
        readonly idleTimeoutMillis?: number;
        readonly Client?: typeof Client;
      },
    );
    connect(): Promise<PoolClient & PostgresPoolClient>;
    end(): Promise<void>;
    readonly totalCount: number;
    readonly idleCount: number;
    readonly waitingCount: number;
  }

  export const types: { getTypeParser(oid: number, format?: string): (value: string) => unknown };
}

// And of pg-copy-streams, which has none either.
declare module 'pg-copy-streams' {
  import type { Writable } from 'node:stream';

  /** Give it to `Client.query`, then write the rows; `finish` comes once they are in. */
  export function from(
    text: string,
  ): Writable & { submit(connection: unknown): void; readonly rowCount: number };
}
