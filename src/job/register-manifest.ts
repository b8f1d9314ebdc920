import { KeylineError } from '../kernel/errors.ts';
import type { ByteSource } from '../manifest/byte-sink.ts';
import { planUpload } from '../manifest/part-reader.ts';
import type { Registry } from '../registry/registry.ts';
import type { RegisterCounts, RowOutcome, SealedUploads } from '../registry/sealed-uploads.ts';
import { verifyManifestSeal } from '../seals/manifest-seal.ts';
import type { VerifiedSeal } from '../seals/manifest-seal.ts';
import { registerAgain } from './register-again.ts';
import { registerRows } from './register-rows.ts';
import { sendSealed } from './send-sealed.ts';

/** A manifest that is to be registered. */
export interface SealedSource {
  /** Plaintext, from its beginning. */
  readonly bytes: () => ByteSource;
  /** JWS. */
  readonly seal: string;
  /** The lot's descriptor, JWS. */
  readonly descriptor: string;
}

/** What surrounds it. */
export interface RegisterEffects {
  readonly signal?: AbortSignal | undefined;
  /** Parts or rows that the registry has, of how many. */
  readonly onSent?: (done: number, total: number) => void;
  /** Parts that were carried out, of how many. */
  readonly onApplied?: (done: number, total: number) => void;
  /** Takes what became of rows, in the manifest's order: of all, or of those that failed. */
  readonly outcomes?: {
    readonly which: 'all' | 'failed';
    readonly take: (row: RowOutcome) => Promise<void>;
  };
  /** Only these rows, counted from 1; all unless given. */
  readonly only?: ReadonlySet<number> | undefined;
  /** First wait before rows are sent again to a registry that gave no answer; it doubles. */
  readonly pauseMs?: number;
}

/** A manifest on its way to a registry that takes it sealed. */
export interface SealedRun {
  readonly source: SealedSource;
  readonly sealed: VerifiedSeal;
  readonly uploads: SealedUploads;
}

/** What became of it. */
export interface Registered extends RegisterCounts {
  readonly lotId: string;
  /** That were to be registered. */
  readonly rows: number;
  /** Where the registry takes sealed manifests. */
  readonly uploadId?: string;
  /** Parts that were there already, from an earlier call. */
  readonly resumedParts?: number;
}

/**
 * Registers every row of a sealed manifest in flat memory, or those that `only` names. Whatever was sent
 * before, by a call that was cut short, is not sent again, and rows that are there are `unchanged`. A
 * registry that takes no sealed manifests gets the rows page by page. Throws `secret-columns` before
 * anything is sent, `signature-invalid` where the file is not the one that was sealed, and what the
 * registry answers.
 */
export async function registerManifest(
  registry: Registry,
  source: SealedSource,
  effects: RegisterEffects = {},
): Promise<Registered> {
  const sealed = await verifyManifestSeal(source.seal);
  planUpload(sealed.seal, sealed.lot);
  const isAdded = await addLot(registry, source.descriptor);
  try {
    return registry.sealedUploads && !effects.only
      ? await registerSealed(registry, { source, sealed, uploads: registry.sealedUploads }, effects)
      : await registerRows(registry.devices, { source, sealed }, effects);
  } catch (error) {
    throw isAdded ? error : saidToStation(error);
  }
}

async function registerSealed(
  { devices }: Registry,
  run: SealedRun,
  effects: RegisterEffects,
): Promise<Registered> {
  const { source, uploads } = run;
  const { seal, lot } = run.sealed;
  const { lotId } = lot;
  const { onApplied = () => undefined, outcomes } = effects;
  const { id: uploadId, missing, isCommitted } = await uploads.begin(lotId, seal.kind, source.seal);
  if (isCommitted) return await registerAgain(devices, { ...run, uploadId }, effects);
  await sendSealed(uploads, { id: uploadId, seal, missing, bytes: source.bytes }, effects);
  const counts = await uploads.commit(uploadId, onApplied);
  if (outcomes && (outcomes.which === 'all' || counts.conflict + counts.invalid > 0)) {
    for await (const row of uploads.outcomes(uploadId, outcomes.which)) await outcomes.take(row);
  }
  const resumedParts = seal.chunks.length - missing.length;
  return { lotId, rows: seal.count, ...counts, uploadId, resumedParts };
}

/** False for a station, which may not add lots, and has been given those that it registers devices of. */
async function addLot(registry: Registry, descriptor: string): Promise<boolean> {
  try {
    await registry.addLot(descriptor);
    return true;
  } catch (error) {
    if (!(error instanceof KeylineError) || error.code !== 'forbidden') throw error;
    return false;
  }
}

/** What it was not given does not exist for it. */
function saidToStation(error: unknown): unknown {
  if (!(error instanceof KeylineError) || error.code !== 'object-unknown') return error;
  const { code, message, facts } = error;
  const hint =
    'Let an admin add the lot, and give it to this machine: `keyline registry system set MACHINE --add-lot LOT`.';
  return new KeylineError(code, { message, hint, facts });
}
