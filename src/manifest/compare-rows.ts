import type { ChunkDigests } from './chunk-digests.ts';
import type { IndexSequence } from './index-sequence.ts';
import { IssueList } from './issue.ts';
import type { Layout } from './layout.ts';
import type { RowParser } from './parse-row.ts';
import type { RowCheck } from './row-check.ts';
import { splitRows } from './row-reader.ts';
import type { RawRow, RowReader } from './row-reader.ts';

/** Rows as they must be, lent until disposed; `from` is the unit index of the first. */
export interface ExpectedRows extends Disposable {
  readonly from: number;
  readonly count: number;
  readonly bytes: Uint8Array;
}

/** What looks at a file's rows. */
export interface CheckParts {
  readonly reader: RowReader;
  readonly parser: RowParser;
  readonly layout: Layout;
  readonly check: RowCheck;
  readonly digests: ChunkDigests;
  readonly sequence: IndexSequence;
  readonly issues: IssueList;
}

/**
 * Compares the file with what it must be, byte by byte; rows are parsed only where the bytes
 * differ. Ends with the file or with the expected rows. Returns how many rows of the file it took.
 */
export async function compareRows(
  expected: AsyncIterable<ExpectedRows>,
  parts: CheckParts,
): Promise<number> {
  const { reader, digests, sequence } = parts;
  let taken = 0;
  for await (const lent of expected) {
    using chunk = lent;
    if (await reader.startsWith(chunk.bytes)) {
      sequence.next(chunk.from, { line: reader.line, column: placeColumn(parts.layout) });
      sequence.jumpTo(chunk.from + chunk.count - 1);
      digests.addRows(chunk.bytes, chunk.count);
      reader.skip(chunk.bytes, chunk.count);
      taken += chunk.count;
    } else {
      taken += await new ChunkComparison(chunk, parts).run();
    }
    if (await reader.isAtEnd()) break;
  }
  return taken;
}

/** Finds the rows and the columns that differ within one chunk. */
class ChunkComparison {
  readonly #chunk: ExpectedRows;
  readonly #parts: CheckParts;
  readonly #expected: readonly string[];
  /** The place in the chunk that is due. */
  #position = 0;

  constructor(chunk: ExpectedRows, parts: CheckParts) {
    this.#chunk = chunk;
    this.#parts = parts;
    this.#expected = splitRows(chunk.bytes, parts.layout.format);
  }

  async run(): Promise<number> {
    const { reader, digests } = this.#parts;
    let taken = 0;
    while (this.#position < this.#chunk.count) {
      // The row after it tells a row that is missing from one whose index was altered.
      const block = await reader.peek(2);
      const [raw, next] = block?.rows ?? [];
      if (!block || !raw || !this.#compare(raw, next)) break;
      const bytes = block.bytes.subarray(0, raw.sizeBytes);
      digests.addRows(bytes, 1);
      reader.skip(bytes);
      taken++;
    }
    return taken;
  }

  /** Compares one row; false, without having said anything, for one that belongs to a later chunk. */
  #compare(raw: RawRow, next: RawRow | undefined): boolean {
    const { check, issues } = this.#parts;
    const found = new IssueList();
    const fields = this.#parts.parser.parse(raw, this.#parts.layout, found);
    const index = fields && check.indexOf(fields);
    const place = this.#placeOf(index, next);
    if (place === 'later') return false;
    for (const issue of found.listed) issues.add(issue);
    if (fields) {
      const bad = check.check(fields, raw.line);
      if (place !== 'repeat') this.#compareFields(fields, { line: raw.line, place, index, bad });
    } else {
      check.skip();
    }
    if (place !== 'repeat') this.#position = place + 1;
    return true;
  }

  #placeOf(index: number | undefined, next: RawRow | undefined): number | 'repeat' | 'later' {
    const due = this.#chunk.from + this.#position;
    if (index === undefined || index === due) return this.#position;
    if (this.#indexOfRaw(next) === due + 1) return this.#position;
    if (index >= this.#chunk.from + this.#chunk.count) return 'later';
    return index > due ? index - this.#chunk.from : 'repeat';
  }

  #indexOfRaw(raw: RawRow | undefined): number | undefined {
    const { parser, layout, check } = this.#parts;
    const fields = raw && parser.parse(raw, layout, new IssueList());
    return fields && check.indexOf(fields);
  }

  #compareFields(
    fields: readonly string[],
    row: {
      readonly line: number;
      readonly place: number;
      readonly index: number | undefined;
      readonly bad: ReadonlySet<string>;
    },
  ): void {
    const { layout, parser, issues } = this.#parts;
    const text = this.#expected[row.place] ?? '';
    const expected = parser.parse({ line: 0, text, sizeBytes: 0 }, layout, new IssueList());
    const unit = this.#chunk.from + row.place;
    layout.labels.forEach((column, at) => {
      // An index that stands at the wrong place was reported as such.
      const isKnown = row.bad.has(column) || (column === 'index' && row.index !== unit);
      if (isKnown || !expected || fields[at] === expected[at]) return;
      const message = `not the value that is derived for unit ${unit}`;
      issues.add({ code: 'not-derived', line: row.line, column, message });
    });
  }
}

/** The column that says which unit a row is for. */
function placeColumn({ slots, labels }: Layout): string {
  const slot =
    slots.find(({ name }) => name === 'index') ?? slots.find(({ name }) => name === 'serial');
  return slot?.label ?? labels[0] ?? '';
}
