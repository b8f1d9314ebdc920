import type { Home } from '../home/home.ts';
import { LotStore } from '../home/lot-store.ts';
import type { StoredLot } from '../home/lot-store.ts';
import { utf8 } from '../kernel/bytes.ts';
import { protectedFiles } from './protected-files.ts';
import { openWhole, writeWhole } from './write-whole.ts';
import type { WholeOutput } from './write-whole.ts';

/** The lot's sealed descriptor, written where an output is given. Throws `not-found`, `ambiguous`, `output-exists`. */
export async function exportLot(
  home: Home,
  reference: string,
  output: WholeOutput | undefined,
): Promise<StoredLot> {
  const store = new LotStore(home);
  const stored = await store.find(reference);
  if (!output) return stored;
  await using file = await openWhole(output, { secret: false, inputs: protectedFiles(home) });
  await writeWhole(file, utf8(`${stored.descriptor}\n`));
  return stored;
}
