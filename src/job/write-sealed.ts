import { utf8 } from '../kernel/bytes.ts';
import { throwIfAborted } from '../kernel/errors.ts';
import { openOutput } from '../manifest/open-output.ts';
import type { Output } from '../manifest/output.ts';

/** Where a manifest goes, and its seal. */
export interface SealedTarget {
  /** A path, or `-`. */
  readonly path: string;
  /** The seal's path; beside a regular file when left out, else there is none. */
  readonly seal?: string | undefined;
  readonly force: boolean;
  /** Whether any byte of the manifest is secret; the seal never is. */
  readonly secret: boolean;
  /** Files that the command reads. */
  readonly inputs?: readonly string[] | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A manifest that stands where it belongs. */
export interface SealedManifest<Poured> {
  readonly poured: Poured;
  /** The seal's path. */
  readonly seal?: string;
  readonly fsyncSeconds: number;
}

/**
 * Writes a manifest and its seal; both appear together, or neither. The seal is made once the rows are
 * on disk. Throws what `openOutput` throws and what the work throws, `disk-full`, `interrupted`.
 */
export async function writeSealed<Poured>(
  target: SealedTarget,
  work: {
    readonly pour: (output: Output) => Promise<Poured>;
    readonly seal: (poured: Poured) => Promise<string>;
  },
): Promise<SealedManifest<Poured>> {
  const { path, force, secret, inputs = [], signal } = target;
  const options = { secret, force, inputs, signal };
  await using output = await openOutput(path, options);
  const sealPath = target.seal ?? (output.kind === 'file' ? `${path}.seal` : undefined);
  const sealInputs = [...inputs, output.name];
  await using seal =
    sealPath === undefined
      ? undefined
      : await openOutput(sealPath, { ...options, secret: false, inputs: sealInputs });
  const poured = await work.pour(output);
  const syncMs = performance.now();
  await output.sync();
  const fsyncSeconds = (performance.now() - syncMs) / 1000;
  throwIfAborted(signal);
  if (seal) {
    await seal.write(utf8(`${await work.seal(poured)}\n`));
    await seal.commit();
  }
  try {
    await output.commit();
  } catch (error) {
    // The seal came first, so that whoever sees the manifest sees its seal too.
    await seal?.retract();
    throw error;
  }
  return { poured, ...(seal && { seal: seal.name }), fsyncSeconds };
}
