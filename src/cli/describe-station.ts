import type { CardOutput, StoredStation } from '../job/station-show.ts';
import type { Home } from '../home/home.ts';
import type { StationCard } from '../seals/station-card.ts';
import { facts } from './table.ts';

/** What a station command reports. */
export interface StationReport extends StationCard {
  /** Where the signed card is; `-` for standard output. */
  readonly cardFile: string;
}

/** The file that `-o` names, if it names one. */
export function cardOutput(flags: {
  readonly output?: string | undefined;
  readonly force: boolean;
}): CardOutput | undefined {
  const { output, force } = flags;
  return output === undefined || output === '-' ? undefined : { path: output, force };
}

/** Prints a station for a person, or its card alone with `-o -`, and returns the report. */
export function reportStation(
  command: { readonly home: Home; print(text: string): void },
  station: StoredStation,
  output: string | undefined,
): StationReport {
  const cardFile = output ?? command.home.stationCard;
  command.print(output === '-' ? station.cardJws : describe(station, cardFile));
  return { ...station.card, cardFile };
}

function describe({ card }: StoredStation, cardFile: string): string {
  return facts([
    ['station', card.name],
    ['created', card.createdAt],
    ['station key', card.stationKey],
    ['recipient', card.recipient],
    ['card', cardFile],
  ]);
}
