import type { Home } from '../home/home.ts';
import { readStation } from '../home/station-store.ts';
import type { StoredStation } from '../home/station-store.ts';
import { utf8 } from '../kernel/bytes.ts';
import type { Credentials } from '../keystore/credentials.ts';
import { openOutput } from '../manifest/open-output.ts';
import type { Output } from '../manifest/output.ts';
import { protectedFiles } from './protected-files.ts';

export type { StoredStation };

/** Where a card is written beside the home, `-` for standard output; it is public. */
export interface CardOutput {
  readonly path: string;
  readonly force: boolean;
}

/** This machine's station, its card written to a file where one is named. Throws `no-station`, `output-exists`. */
export async function showStation(home: Home, output?: CardOutput): Promise<StoredStation> {
  const station = await readStation(home);
  await using file = await openCardFile(home, output);
  await file?.write(utf8(`${station.cardJws}\n`));
  await file?.sync();
  await file?.commit();
  return station;
}

/** The place for a card, opened before anything is made, so that a name that is taken stops the command first. */
export function openCardFile(
  home: Home,
  output?: CardOutput,
  credentials?: Credentials,
): Promise<Output | undefined> {
  if (output === undefined) return Promise.resolve(undefined);
  const inputs = protectedFiles(home, credentials);
  return openOutput(output.path, { secret: false, force: output.force, inputs });
}
