import { readFile } from 'node:fs/promises';
import { writeFileAtomic } from '../kernel/atomic-file.ts';
import { isErrno, KeylineError } from '../kernel/errors.ts';
import { openStationCard } from '../seals/station-card.ts';
import type { StationCard } from '../seals/station-card.ts';
import type { Home } from './home.ts';

/** This machine's station, its card verified. */
export interface StoredStation {
  readonly card: StationCard;
  /** The card exactly as it was signed. */
  readonly cardJws: string;
}

/** This machine's station card, or undefined. Throws `invalid-station-card`. */
export async function findStation(home: Home): Promise<StoredStation | undefined> {
  let text: string;
  try {
    text = await readFile(home.stationCard, 'utf8');
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
  const cardJws = text.trim();
  return { card: await openStationCard(cardJws), cardJws };
}

/** The same. Throws `no-station` where this machine is none. */
export async function readStation(home: Home): Promise<StoredStation> {
  const station = await findStation(home);
  if (station !== undefined) return station;
  throw new KeylineError('no-station', { message: `there is no station in ${home.path}` });
}

/**
 * Keeps a new station: first its secrets, an age file, then its card. The caller holds the home's lock.
 * Throws `already-exists`: grants for the old key would open nowhere.
 */
export async function writeStation(
  home: Home,
  cardJws: string,
  secrets: Uint8Array,
): Promise<void> {
  await refuseSecondStation(home);
  await home.folder(home.stationDir);
  await writeFileAtomic(home.stationFile, secrets, { mode: 0o600, force: true });
  await writeFileAtomic(home.stationCard, `${cardJws}\n`, { mode: 0o644, force: true });
}

/** Throws `already-exists` where this machine is a station. */
export async function refuseSecondStation(home: Home): Promise<void> {
  const station = await findStation(home);
  if (station === undefined) return;
  throw new KeylineError('already-exists', {
    message: `this machine is the station ${JSON.stringify(station.card.name)} already`,
    hint: '`keyline station show` prints its card.',
  });
}
