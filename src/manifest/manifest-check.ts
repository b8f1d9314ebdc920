import { formatRange, rangeEnd } from '../model/range.ts';
import type { Range } from '../model/range.ts';
import { parseBuiltPlan } from '../model/built-columns.ts';
import type { BuiltPlan } from '../model/built-columns.ts';
import { parseColumns } from '../model/columns.ts';
import { joinNear } from '../model/join-near.ts';
import type { RowFormat, RowPlan } from '../model/row-template.ts';
import { ROWS_PER_CHUNK } from '../seals/manifest-seal.ts';
import type { ManifestSeal, VerifiedSeal } from '../seals/manifest-seal.ts';
import type { ByteSource } from './byte-sink.ts';
import { ByteWindow } from './byte-window.ts';
import { ChunkDigests } from './chunk-digests.ts';
import type { ChunkDigest } from './chunk-digests.ts';
import { compareBuilt } from './compare-built.ts';
import { compareRows } from './compare-rows.ts';
import type { CheckParts, ExpectedRows } from './compare-rows.ts';
import type { Maker, PublicKeys } from './credential-check.ts';
import { parseCsvRow } from './csv-row.ts';
import { IndexSequence } from './index-sequence.ts';
import type { SequenceRules } from './index-sequence.ts';
import { IssueList } from './issue.ts';
import { parseJsonRow } from './json-row.ts';
import { choicesOf, inferFormats, layOut, looksLikeHeader } from './layout.ts';
import type { BuiltSlot, Layout } from './layout.ts';
import { RowParser } from './parse-row.ts';
import { RowCheck } from './row-check.ts';
import { RowReader } from './row-reader.ts';

/** What is known before the first byte is read. */
export interface CheckContext {
  readonly maker: Maker;
  /** Verified; absent where there is none. */
  readonly sealed?: VerifiedSeal | undefined;
  /** Where rows of an as-built manifest can be derived; near ranges of its seal are derived as one. */
  readonly derivable?: readonly Range[] | undefined;
  /** Indexes that may occur where no seal says it. */
  readonly lotRange?: Range | undefined;
  readonly keys: PublicKeys;
  readonly issues: IssueList;
}

/** Makes the rows again that a manifest of this plan has from this index on. */
export type Rederive = (plan: RowPlan, range: Range) => AsyncIterable<ExpectedRows>;

const BOM = [0xef, 0xbb, 0xbf];

/** Checks one manifest from its first byte to its last, in memory that does not grow with it. */
export class ManifestCheck {
  readonly #context: CheckContext;
  readonly #window: ByteWindow;
  readonly #issues: IssueList;
  readonly #parser: RowParser;
  #rows = 0;

  constructor(bytes: ByteSource, context: CheckContext) {
    this.#context = context;
    this.#window = new ByteWindow(bytes);
    this.#issues = context.issues;
    this.#parser = new RowParser(context.issues);
  }

  /** Rows read so far. */
  get rows(): number {
    return this.#rows;
  }

  /** Reads everything; with `rederive` against the derived rows, else on its own. Returns the layout and whether rows were derived. */
  async run(
    rederive?: Rederive,
  ): Promise<{ format: RowFormat; columns: string[]; derived: boolean }> {
    await using window = this.#window;
    await window.fill(4096);
    const { issues } = this.#context;
    const digestable = this.#skipBom();
    const format = this.#formatOf(window.bytes);
    const digests = new ChunkDigests(format);
    if (digestable) digests.addHeader(digestable);
    const reader = new RowReader(window, format);
    const layout = await this.#readLayout(reader, digests, format);
    const columns = [...(layout?.labels ?? [])];
    if (!layout) return { format, columns, derived: false };
    const { maker, keys } = this.#context;
    const sequence = new IndexSequence(rulesOf(this.#context, layout), issues);
    const check = new RowCheck(layout, { ...maker, keys, sequence }, issues);
    const parser = this.#parser;
    const parts: CheckParts = { reader, parser, layout, check, digests, sequence, issues };
    const derived = rederive ? await this.#compare(parts, rederive) : false;
    await this.#readRest(parts);
    this.#finish(digests);
    return { format, columns, derived };
  }

  #skipBom(): Uint8Array | undefined {
    const { bytes } = this.#window;
    if (!BOM.every((byte, at) => bytes[at] === byte)) return undefined;
    const message =
      'the file begins with a byte order mark, which readers take for a part of the first name';
    this.#issues.add({ code: 'bom', line: 1, message });
    const bom = Uint8Array.from(BOM);
    this.#window.skip(bom.length);
    return bom;
  }

  #formatOf(bytes: Uint8Array): RowFormat {
    const format = bytes[0] === 0x7b ? 'ndjson' : 'csv';
    const { sealed } = this.#context;
    if (sealed && sealed.seal.format !== format) {
      const message = `the file is ${format} where ${sealed.seal.format} was sealed`;
      this.#issues.add({ code: 'wrong-columns', line: 1, message });
    }
    return format;
  }

  async #readLayout(
    reader: RowReader,
    digests: ChunkDigests,
    format: RowFormat,
  ): Promise<Layout | undefined> {
    const { sealed, maker, issues } = this.#context;
    const block = await reader.peek(1);
    const [first] = block?.rows ?? [];
    if (!block || !first) {
      issues.add({ code: 'no-rows', message: 'the file is empty' });
      return undefined;
    }
    const choices = sealed && sealedPlan(sealed, format);
    const file = { format, sealed: choices, scheme: maker.lot?.scheme, issues };
    if (format === 'ndjson') {
      const row = parseJsonRow(first.text);
      if ('names' in row) return layOut(row.names, file);
      issues.add({ code: 'not-json', line: 1, message: 'the first line is no JSON object' });
      return undefined;
    }
    const row = parseCsvRow(this.#parser.withoutReturn(first.text, 1));
    const labels = 'fields' in row ? row.fields : [];
    if (looksLikeHeader(labels)) {
      digests.addHeader(block.bytes);
      reader.skip(block.bytes);
      return layOut(labels, file);
    }
    issues.add({ code: 'no-header', line: 1, message: 'the first line names no column' });
    if (!choices) return undefined;
    const names = [...choices.derived.map(({ name }) => name), ...choices.built];
    return layOut(names, file);
  }

  async #compare(parts: CheckParts, rederive: Rederive): Promise<boolean> {
    const { reader, layout, check } = parts;
    const block = await reader.peek(1);
    const [first] = block?.rows ?? [];
    const fields = first && parts.parser.parse(first, layout, new IssueList());
    if (!fields) return false;
    inferFormats(layout, fields);
    const columns = choicesOf(layout);
    const ranges = this.#context.sealed?.seal.ranges ?? this.#rangesFrom(check.indexOf(fields));
    if (!columns || !ranges) return false;
    const plan: RowPlan = { format: layout.format, columns };
    if (isBuilt(this.#context, layout)) {
      const built = { format: layout.format, derived: columns, built: layout.built.map(nameOf) };
      const near = joinNear(ranges, this.#context.derivable ?? []);
      const all = near.map((range) => rederive(plan, range));
      this.#rows += await compareBuilt(oneAfterTheOther(all), built, parts);
      return true;
    }
    for (const range of ranges) {
      this.#rows += await compareRows(rederive(plan, range), parts);
    }
    return true;
  }

  #rangesFrom(first: number | undefined): Range[] | undefined {
    const { lotRange } = this.#context;
    if (!lotRange || first === undefined) return undefined;
    const count = lotRange.from + lotRange.count - first;
    return first >= lotRange.from && count > 0 ? [{ from: first, count }] : undefined;
  }

  async #readRest({ reader, parser, layout, check, digests }: CheckParts): Promise<void> {
    for (;;) {
      const block = await reader.peek();
      if (!block) return;
      for (const raw of block.rows) {
        const fields = parser.parse(raw, layout, this.#issues);
        if (fields) check.check(fields, raw.line);
        else check.skip();
      }
      digests.addRows(block.bytes, block.rows.length);
      this.#rows += block.rows.length;
      reader.skip(block.bytes);
    }
  }

  #finish(digests: ChunkDigests): void {
    const { seal } = this.#context.sealed ?? {};
    const chunks = digests.finish();
    if (this.#rows === 0) this.#issues.add({ code: 'no-rows', message: 'the file has no rows' });
    if (!seal) return;
    if (seal.count !== this.#rows) {
      const message = `the file has ${this.#rows} rows where ${seal.count} were sealed`;
      this.#issues.add({ code: 'wrong-count', message });
    }
    for (const { from, count } of mismatches(seal, chunks)) {
      const rows = formatRange({ from: from + 1, count });
      const message = `rows ${rows} are not the bytes that were sealed, or the seal belongs to another file`;
      this.#issues.add({ code: 'seal-mismatch', message });
    }
  }
}

/** Rows, counted from 0, whose chunks are there and differ; neighbouring chunks as one range. */
function mismatches(seal: ManifestSeal, chunks: readonly ChunkDigest[]): Range[] {
  const found: Range[] = [];
  chunks.slice(0, seal.chunks.length).forEach(({ sha256 }, at) => {
    if (sha256 === seal.chunks[at]) return;
    const from = at * ROWS_PER_CHUNK;
    const count = Math.min(ROWS_PER_CHUNK, seal.count - from);
    const last = found.at(-1);
    if (last && rangeEnd(last) === from) {
      found[found.length - 1] = { from: last.from, count: last.count + count };
    } else {
      found.push({ from, count });
    }
  });
  return found;
}

function rulesOf(context: CheckContext, layout: Layout): SequenceRules {
  const { sealed, lotRange } = context;
  const kind = isBuilt(context, layout) ? 'as-built' : 'planned';
  if (!sealed) return { kind, ranges: lotRange && [lotRange] };
  const { ranges } = sealed.seal;
  return { kind, ranges, first: kind === 'planned' ? ranges[0]?.from : undefined };
}

/** What the seal says, or else the columns. */
function isBuilt({ sealed }: CheckContext, layout: Layout): boolean {
  return sealed ? sealed.seal.kind === 'as-built' : layout.built.length > 0;
}

function sealedPlan({ seal, lot }: VerifiedSeal, format: RowFormat): BuiltPlan {
  if (seal.kind === 'as-built') return parseBuiltPlan(seal.columns, format, lot.scheme);
  return { format, derived: parseColumns(seal.columns, lot.scheme), built: [] };
}

function nameOf({ name }: BuiltSlot): BuiltSlot['name'] {
  return name;
}

async function* oneAfterTheOther(
  sources: readonly AsyncIterable<ExpectedRows>[],
): AsyncGenerator<ExpectedRows, void> {
  for (const source of sources) yield* source;
}
