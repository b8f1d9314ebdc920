import { openRowSource } from '../derive/rows.ts';
import type { RowSource } from '../derive/rows.ts';
import { utf8 } from '../kernel/bytes.ts';
import { isoSeconds, systemClock } from '../kernel/clock.ts';
import { KeylineError, throwIfAborted } from '../kernel/errors.ts';
import { parseRecipients } from '../keystore/age-recipient.ts';
import { ageSink } from '../manifest/age-sink.ts';
import { ChunkDigests } from '../manifest/chunk-digests.ts';
import { CountingSink } from '../manifest/counting-sink.ts';
import { gzipSink } from '../manifest/gzip-sink.ts';
import type { Output } from '../manifest/output.ts';
import { splitRows } from '../manifest/row-reader.ts';
import { builtHeader, builtRow, formatBuiltPlan } from '../model/built-columns.ts';
import { joinNear } from '../model/join-near.ts';
import type { UnitRecord } from '../model/unit-record.ts';
import { ROWS_PER_CHUNK, sealManifest } from '../seals/manifest-seal.ts';
import { planBuilt } from './built-plan.ts';
import type { BuiltChoices, BuiltManifest } from './built-plan.ts';
import type { GatheredLedger } from './gather-ledgers.ts';
import { findConflicts, refuseConflicts } from './ledger-conflicts.ts';
import { manifestName } from './manifest-plan.ts';
import type { ManifestChoices } from './manifest-plan.ts';
import type { OpenLot } from './open-lot.ts';
import { verifiedUnits } from './verified-units.ts';
import type { WriteEffects, WrittenManifest } from './write-manifest.ts';
import { writeSealed } from './write-sealed.ts';

/** What a person decides about an as-built manifest. */
export type BuiltManifestChoices = BuiltChoices &
  Pick<ManifestChoices, 'gzip' | 'recipients' | 'output' | 'force' | 'seal'>;

/** What came of it. */
export type WrittenBuilt = Omit<WrittenManifest, 'range'> & {
  readonly kind: 'as-built';
  /** On which the seal rests; none for the owner's. */
  readonly grant?: string;
};

/** Rows are gathered to this many characters before they go on. */
const BLOCK_CHARACTERS = 256 * 1024;

/**
 * Writes the units that were verified on their devices, by index, with what the ledgers know of them,
 * and the seal of the station or the owner. Throws `ledger-conflict` while the ledgers contradict each
 * other, and what `planBuilt`, `writeSealed` and the derivation throw. Memory does not grow with the lot.
 */
export async function writeBuilt(
  open: OpenLot,
  ledgers: readonly GatheredLedger[],
  choices: BuiltManifestChoices,
  effects: Omit<WriteEffects, 'allocate' | 'sealedAt'> = {},
): Promise<WrittenBuilt> {
  const { lot } = open;
  const { signal, clock = systemClock, workers } = effects;
  refuseConflicts(await findConflicts(ledgers, lot.lotId, { signal }));
  const recipients = await parseRecipients(choices.recipients);
  const built = await planBuilt(open, ledgers, { ...choices, signal });
  const { seal, force, format, gzip } = choices;
  if (seal === '-') throw new KeylineError('usage', { message: 'a seal needs a file of its own' });
  const path = choices.output ?? manifestName(`${lot.code}-as-built`, { format, gzip, recipients });
  const target = { path, seal, force, secret: false, inputs: effects.inputs, signal };
  await using rows = await openRowSource({
    rows: built.count,
    ...(workers !== undefined && { workers }),
  });
  const { poured, ...written } = await writeSealed(target, {
    pour: (output) => pour({ open, ledgers, built, rows, output, gzip, recipients }, effects),
    seal: (done) => makeSeal(open, built, { ...done, createdAt: isoSeconds(clock.now()) }),
  });
  const { plainBytes, sizeBytes, seconds, rowsPerSecond } = poured;
  const { grant } = built.signer;
  return {
    ...{ kind: 'as-built', output: path, lotId: lot.lotId, provisioningKey: lot.provisioningKey },
    ...{ format, columns: formatBuiltPlan(built.plan), rows: built.count },
    ...{ encrypted: recipients.length > 0, engine: rows.engine, ...written },
    ...{ plainBytes, sizeBytes, seconds, rowsPerSecond },
    ...(grant !== undefined && { grant: grantIdOf(open, grant) }),
  };
}

interface PourFrom {
  readonly open: OpenLot;
  readonly ledgers: readonly GatheredLedger[];
  readonly built: BuiltManifest;
  readonly rows: RowSource;
  readonly output: Output;
  readonly gzip: boolean;
  readonly recipients: readonly string[];
}

async function pour(from: PourFrom, { signal, onProgress }: WriteEffects) {
  const { built, output, recipients } = from;
  const startMs = performance.now();
  const below = new CountingSink(output);
  const encrypted = recipients.length > 0 ? await ageSink(below, recipients) : below;
  const sink = new CountingSink(from.gzip ? gzipSink(encrypted) : encrypted);
  const digests = new ChunkDigests(built.plan.format);
  const header = utf8(builtHeader(built.plan));
  digests.addHeader(header);
  if (header.length > 0) await sink.write(header);
  let done = 0;
  for await (const { text, count } of blocks(from, signal)) {
    throwIfAborted(signal);
    const bytes = utf8(text);
    digests.addRows(bytes, count);
    await sink.write(bytes);
    done += count;
    onProgress?.(done, built.count);
  }
  if (done !== built.count) throw new Error('a ledger changed while it was read');
  await sink.end();
  const seconds = (performance.now() - startMs) / 1000;
  return {
    chunks: digests.finish().map(({ sha256 }) => sha256),
    ...{ plainBytes: sink.sizeBytes, sizeBytes: below.sizeBytes, seconds },
    rowsPerSecond: Math.round(done / Math.max(seconds, 1e-6)),
  };
}

/** Rows of verified units, some thousand at a time: the derived part joined with the ledgers' part. */
async function* blocks(
  { open, ledgers, built, rows }: PourFrom,
  signal: AbortSignal | undefined,
): AsyncGenerator<{ text: string; count: number }> {
  const plan = { format: built.plan.format, columns: built.plan.derived };
  const units = wantedUnits(ledgers, open, built);
  let unit = await units.next();
  let [text, count] = ['', 0];
  // Fewer and longer ranges: each takes some milliseconds to begin.
  for (const range of joinNear(built.ranges, open.secrets.ranges)) {
    for await (const lent of rows.stream(open, range, plan, signal ? { signal } : {})) {
      using chunk = lent;
      const derived = splitRows(chunk.bytes, plan.format);
      while (unit.done !== true && unit.value.index < chunk.from + chunk.count) {
        text += builtRow(built.plan, derived[unit.value.index - chunk.from] ?? '', unit.value);
        count++;
        unit = await units.next();
      }
      if (text.length < BLOCK_CHARACTERS) continue;
      yield { text, count };
      [text, count] = ['', 0];
    }
  }
  if (count > 0) yield { text, count };
}

async function* wantedUnits(
  ledgers: readonly GatheredLedger[],
  { lot }: OpenLot,
  built: BuiltManifest,
): AsyncGenerator<UnitRecord, void> {
  for await (const unit of verifiedUnits(ledgers, lot.lotId)) {
    if (built.has(unit.index)) yield unit;
  }
}

function makeSeal(
  { lot }: OpenLot,
  { plan, ranges, count, signer }: BuiltManifest,
  made: { readonly chunks: readonly string[]; readonly createdAt: string },
): Promise<string> {
  const { lotId, provisioningKey } = lot;
  return sealManifest(
    {
      ...{ kind: 'as-built', provisioningKey, lotId, format: plan.format },
      ...{ columns: formatBuiltPlan(plan), ranges: [...ranges], count },
      ...{ rowsPerChunk: ROWS_PER_CHUNK, chunks: [...made.chunks], createdAt: made.createdAt },
      ...(lot.test && { test: true }),
    },
    signer,
  );
}

function grantIdOf({ grants }: OpenLot, jws: string): string {
  return grants.find((grant) => grant.jws === jws)?.statement.grantId ?? '';
}
