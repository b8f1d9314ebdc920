import { once } from 'node:events';
import pg from 'pg';
import { from } from 'pg-copy-streams';

const COPY = /^\s*(COPY .* FROM) \$1\s*$/s;

// eslint-disable-next-line @typescript-eslint/unbound-method -- applied to a client, always
const plainQuery = pg.Client.prototype.query;

/**
 * A connection on which `COPY … FROM $1` is a statement like any other: the parameter is its rows, see
 * `copyText`. Whoever builds statements knows nothing of the stream that they go by.
 */
export class CopyClient extends pg.Client {
  // pg's own method has more signatures than a subclass can repeat.
  override query = ((...args: readonly unknown[]): unknown => {
    const [text, values] = args;
    const [, copy] = typeof text === 'string' ? (COPY.exec(text) ?? []) : [];
    if (copy === undefined) return Reflect.apply(plainQuery, this, args);
    return this.#copy(`${copy} STDIN`, String((values as readonly unknown[])[0]));
  }) as pg.Client['query'];

  async #copy(text: string, rows: string): Promise<object> {
    const stream = from(text);
    const isDone = once(stream, 'finish');
    // Of a connection that is lost while an error is told, a second one may come, which nobody awaits.
    stream.on('error', () => undefined);
    Reflect.apply(plainQuery, this, [stream]);
    stream.end(rows);
    await isDone;
    return { command: 'COPY', rowCount: stream.rowCount, rows: [] };
  }
}

/** Rows as COPY takes them (PostgreSQL 15, COPY, "Text Format"). */
export function copyText(rows: readonly (readonly (string | number | null)[])[]): string {
  const lines = rows.map((row) => row.map(field).join('\t'));
  return `${lines.join('\n')}\n`;
}

const ESCAPES: Readonly<Record<string, string>> = {
  ...{ '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' },
};

function field(value: string | number | null): string | number {
  if (value === null) return '\\N';
  if (typeof value === 'number' || !/[\\\t\n\r]/.test(value)) return value;
  return value.replace(/[\\\t\n\r]/g, (c) => ESCAPES[c] ?? c);
}
