import { once } from 'node:events';
import pg from 'pg';
import { from } from 'pg-copy-streams';
import { isOutdated } from './postgres-errors.ts';

const COPY = /^\s*(COPY .* FROM) \$1\s*$/s;

/**
 * Statements over sets are planned for the set. What lists ids or rows has another text for each length of the
 * list: of those a connection would soon keep nothing else.
 */
const ONCE = /json_array_elements|unnest\(|\bin \((?:\$\d+, ){4}|\), \(\$.*\), \(\$/s;
const LONGEST_KEPT = 2_048;
const MOST_KEPT = 256;

// eslint-disable-next-line @typescript-eslint/unbound-method -- applied to a client, always
const plainQuery = pg.Client.prototype.query;

/**
 * A connection that keeps its statements prepared (PostgreSQL 15, PREPARE): a look-up takes a third of the
 * time when it is not planned again. On it, `COPY … FROM $1` is a statement like any other, whose parameter
 * is its rows, see `copyText`. Whoever builds statements knows nothing of either.
 */
export class RegistryClient extends pg.Client {
  readonly #kept = new Map<string, string>();
  #names = 0;

  // pg's own method has more signatures than a subclass can repeat.
  override query = ((...args: readonly unknown[]): unknown => {
    const [text, values] = args;
    if (typeof text !== 'string' || !Array.isArray(values) || args.length > 2) {
      return Reflect.apply(plainQuery, this, args);
    }
    const [, copy] = COPY.exec(text) ?? [];
    return copy === undefined
      ? this.#ask(text, values)
      : this.#copy(`${copy} STDIN`, String(values[0]));
  }) as pg.Client['query'];

  async #ask(text: string, values: readonly unknown[]): Promise<unknown> {
    try {
      const name = this.#nameOf(text, values);
      return await (Reflect.apply(plainQuery, this, [{ name, text, values }]) as Promise<unknown>);
    } catch (error) {
      // Prepared before another process brought the tables forward: all are prepared anew, under other names.
      if (isOutdated(error)) this.#kept.clear();
      throw error;
    }
  }

  #nameOf(text: string, values: readonly unknown[]): string | undefined {
    const known = this.#kept.get(text);
    if (known !== undefined) return known;
    const isKept = values.length > 0 && text.length <= LONGEST_KEPT && !ONCE.test(text);
    if (!isKept || this.#kept.size >= MOST_KEPT) return undefined;
    const name = `keyline_${this.#names++}`;
    this.#kept.set(text, name);
    return name;
  }

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
