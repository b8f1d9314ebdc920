import type { Home } from '../home/home.ts';
import { readStation } from '../home/station-store.ts';
import type { StoredStation } from '../home/station-store.ts';
import { AtomicFile } from '../kernel/atomic-file.ts';

export type { StoredStation };

/** Where a card is written beside the home; it is public. */
export interface CardOutput {
  readonly path: string;
  readonly force: boolean;
}

/** This machine's station, its card written to a file where one is named. Throws `no-station`, `output-exists`. */
export async function showStation(home: Home, output?: CardOutput): Promise<StoredStation> {
  const station = await readStation(home);
  await using file = await openCardFile(output);
  await file?.handle.writeFile(`${station.cardJws}\n`);
  await file?.commit();
  return station;
}

/** The file for a card, opened before anything is made, so that a name that is taken stops the command first. */
export function openCardFile(output: CardOutput | undefined): Promise<AtomicFile | undefined> {
  if (output === undefined) return Promise.resolve(undefined);
  return AtomicFile.create(output.path, { mode: 0o644, force: output.force });
}
