import { openRowSource } from '../derive/rows.ts';
import type { RowSource } from '../derive/rows.ts';
import { outputError } from '../kernel/atomic-file.ts';
import { toHex, utf8 } from '../kernel/bytes.ts';
import { isoSeconds, systemClock } from '../kernel/clock.ts';
import type { Clock } from '../kernel/clock.ts';
import { KeylineError } from '../kernel/errors.ts';
import { ageSink } from '../manifest/age-sink.ts';
import type { ByteSink } from '../manifest/byte-sink.ts';
import { ChunkDigests } from '../manifest/chunk-digests.ts';
import { CountingSink } from '../manifest/counting-sink.ts';
import { gzipSink } from '../manifest/gzip-sink.ts';
import type { Output } from '../manifest/output.ts';
import { formatColumn } from '../model/columns.ts';
import { headerLine } from '../model/compile-row.ts';
import type { Range } from '../model/range.ts';
import { ROWS_PER_CHUNK, sealManifest } from '../seals/manifest-seal.ts';
import type { Signer } from '../seals/manifest-seal.ts';
import { planManifest } from './manifest-plan.ts';
import type { ManifestChoices, ManifestPlan } from './manifest-plan.ts';
import type { OpenLot } from './open-lot.ts';
import { writeSealed } from './write-sealed.ts';

/** What surrounds the writing of a manifest. */
export interface WriteEffects {
  readonly signal?: AbortSignal | undefined;
  readonly clock?: Clock | undefined;
  /** Enters the range in the lot's book; called before the first byte when any column is secret. */
  readonly allocate?: ((range: Range, output: string) => Promise<unknown>) | undefined;
  /** Rows done, of how many. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  readonly stdoutIsTerminal?: boolean | undefined;
  /** Files that the command reads. */
  readonly inputs?: readonly string[] | undefined;
  /** What the seal says of its time; left out, the clock's. */
  readonly sealedAt?: string | undefined;
  /** Worker threads; see `openRowSource`. */
  readonly workers?: number | undefined;
}

/** What came of it. */
export interface WrittenManifest {
  /** The path, or `-`. */
  readonly output: string;
  readonly seal?: string;
  readonly lotId: string;
  readonly provisioningKey: string;
  readonly format: 'csv' | 'ndjson';
  readonly columns: readonly string[];
  readonly range: Range;
  readonly rows: number;
  /** Of the rows, before gzip and age. */
  readonly plainBytes: number;
  /** Of the output. */
  readonly sizeBytes: number;
  readonly encrypted: boolean;
  /** How the rows were made. */
  readonly engine: string;
  /** Until the last byte was written, before the sync. */
  readonly seconds: number;
  readonly rowsPerSecond: number;
  readonly fsyncSeconds: number;
  /** The program that read the output went away before the end, which is no error. */
  readonly readerGone?: true;
}

interface Poured {
  readonly chunks: readonly string[];
  readonly plainBytes: number;
  readonly sizeBytes: number;
}

/**
 * Writes a lot's manifest, and its seal beside it; both appear together, or neither. Throws what
 * `planManifest` and `openOutput` throw, `already-allocated`, `disk-full`, `interrupted`.
 */
export async function writeManifest(
  open: OpenLot,
  choices: ManifestChoices,
  effects: WriteEffects = {},
): Promise<WrittenManifest> {
  const plan = await planManifest(open, choices, effects.stdoutIsTerminal ?? false);
  const signer = open.signerFor([plan.range]);
  const { signal, inputs, sealedAt, clock = systemClock } = effects;
  const { force, seal } = choices;
  await using rows = await openRowSource({
    rows: plan.range.count,
    ...(effects.workers !== undefined && { workers: effects.workers }),
  });
  const target = { path: plan.output, seal, force, secret: plan.secret, inputs, signal };
  try {
    const { poured, ...written } = await writeSealed(target, {
      async pour(output) {
        if (plan.secret) await effects.allocate?.(plan.range, plan.output);
        const startMs = performance.now();
        const done = await pour({ open, plan, rows, output, gzip: choices.gzip }, effects);
        return { ...done, ...rate(plan.range.count, startMs) };
      },
      seal: (done) =>
        makeSeal(open, {
          ...{ plan, poured: done, signer },
          createdAt: sealedAt ?? isoSeconds(clock.now()),
        }),
    });
    const { plainBytes, sizeBytes, seconds, rowsPerSecond } = poured;
    const sizes = { plainBytes, sizeBytes, seconds, rowsPerSecond };
    return { ...resultOf(open, plan, rows), ...sizes, ...written };
  } catch (error) {
    if (!(error instanceof KeylineError) || error.code !== 'reader-gone') throw error;
    return { ...resultOf(open, plan, rows), rows: 0, readerGone: true };
  }
}

interface PourFrom {
  readonly open: OpenLot;
  readonly plan: ManifestPlan;
  readonly rows: RowSource;
  readonly output: Output;
  readonly gzip: boolean;
}

function pour(from: PourFrom, effects: WriteEffects): Promise<Poured> {
  const { open, plan, rows, output, gzip } = from;
  const isPlain = !gzip && plan.recipients.length === 0;
  return isPlain && output.fd !== undefined && rows.canWriteAt(open, plan.plan)
    ? pourInPlace({ ...from, fd: output.fd }, effects)
    : pourInOrder(from, effects);
}

/** Workers write their rows at their own offsets. */
async function pourInPlace(
  { open, plan, rows, output, fd }: PourFrom & { readonly fd: number },
  { signal, onProgress }: WriteEffects,
): Promise<Poured> {
  const chunks: string[] = [];
  let plainBytes = 0;
  try {
    const written = rows.writeAt(open, plan.range, plan.plan, {
      fd,
      onProgress: (done) => onProgress?.(done, plan.range.count),
      ...(signal && { signal }),
    });
    for await (const { sha256, sizeBytes } of written) {
      chunks.push(toHex(sha256));
      plainBytes += sizeBytes;
    }
  } catch (error) {
    throw outputError(output.name, error);
  }
  return { chunks, plainBytes, sizeBytes: plainBytes };
}

/** Rows in order through digests, gzip and age. */
async function pourInOrder(from: PourFrom, effects: WriteEffects): Promise<Poured> {
  const { open, plan, rows, output } = from;
  const { signal, onProgress } = effects;
  const below = new CountingSink(output);
  const encrypted: ByteSink =
    plan.recipients.length > 0 ? await ageSink(below, plan.recipients) : below;
  const sink = new CountingSink(from.gzip ? gzipSink(encrypted) : encrypted);
  const digests = new ChunkDigests(plan.plan.format);
  const header = utf8(headerLine(plan.plan));
  digests.addHeader(header);
  if (header.length > 0) await sink.write(header);
  let done = 0;
  for await (const lent of rows.stream(open, plan.range, plan.plan, signal ? { signal } : {})) {
    using chunk = lent;
    digests.addRows(chunk.bytes, chunk.count);
    await sink.write(chunk.bytes);
    done += chunk.count;
    onProgress?.(done, plan.range.count);
  }
  await sink.end();
  const chunks = digests.finish().map(({ sha256 }) => sha256);
  return { chunks, plainBytes: sink.sizeBytes, sizeBytes: below.sizeBytes };
}

function makeSeal(
  { lot }: OpenLot,
  by: {
    readonly plan: ManifestPlan;
    readonly poured: Poured;
    readonly signer: Signer;
    readonly createdAt: string;
  },
): Promise<string> {
  const { plan, range } = by.plan;
  return sealManifest(
    {
      kind: 'planned',
      provisioningKey: lot.provisioningKey,
      lotId: lot.lotId,
      format: plan.format,
      columns: plan.columns.map(formatColumn),
      ranges: [range],
      count: range.count,
      rowsPerChunk: ROWS_PER_CHUNK,
      chunks: [...by.poured.chunks],
      createdAt: by.createdAt,
      ...(lot.test && { test: true }),
    },
    by.signer,
  );
}

function resultOf(
  { lot }: OpenLot,
  { plan, range, output, recipients }: ManifestPlan,
  { engine }: RowSource,
): WrittenManifest {
  return {
    output,
    lotId: lot.lotId,
    provisioningKey: lot.provisioningKey,
    format: plan.format,
    columns: plan.columns.map(formatColumn),
    range,
    rows: range.count,
    plainBytes: 0,
    sizeBytes: 0,
    encrypted: recipients.length > 0,
    engine,
    seconds: 0,
    rowsPerSecond: 0,
    fsyncSeconds: 0,
  };
}

function rate(rows: number, startMs: number): { seconds: number; rowsPerSecond: number } {
  const seconds = (performance.now() - startMs) / 1000;
  return { seconds, rowsPerSecond: Math.round(rows / Math.max(seconds, 1e-6)) };
}
