import { openOutput } from '../manifest/open-output.ts';
import type { Output, OutputOptions } from '../manifest/output.ts';

/** Where a small file goes: a path, or `-`. */
export interface WholeOutput {
  readonly path: string;
  readonly force: boolean;
}

/** Opens the output before anything is made, so that a name that is taken stops the command first. */
export function openWhole(
  output: WholeOutput,
  options: Pick<OutputOptions, 'secret' | 'inputs' | 'signal'>,
): Promise<Output> {
  return openOutput(output.path, { ...options, force: output.force });
}

/** Writes all there is to an open output, and makes it durable. */
export async function writeWhole(output: Output, bytes: Uint8Array): Promise<void> {
  await output.write(bytes);
  await output.end();
  await output.sync();
  await output.commit();
}
