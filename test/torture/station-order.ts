import type { Bug } from './bugs.ts';
import type { KillPoint } from './kill-point.ts';

/** What a station that will be killed is told, as JSON in a file. */
export interface StationOrder {
  readonly home: string;
  readonly identityFile: string;
  readonly lot: string;
  readonly profile: string;
  readonly jig: string;
  readonly witness?: string | undefined;
  readonly kill: KillPoint;
  /** Each slot takes one device, and then the station ends. */
  readonly once: boolean;
  readonly maxAttempts: number;
  /** What the machine of a copy of the home says of itself. */
  readonly machineId?: string | undefined;
  /** Sign the head and keep it as acknowledged by a registry, before the devices are looked for. */
  readonly acknowledge: boolean;
  readonly bug?: Bug | undefined;
}

/** What a station says on standard output, one JSON object a line. */
export type Said =
  | { readonly said: 'open' }
  | { readonly said: 'passed' | 'failed'; readonly slot: number; readonly unit: SaidUnit }
  | { readonly said: 'killed'; readonly place: string }
  /** It could not begin: an error's code. */
  | { readonly said: 'refused'; readonly code: string }
  | { readonly said: 'ended' };

/** The unit of a device as the station tells it. */
export interface SaidUnit {
  readonly hardwareId?: string | undefined;
  readonly index?: number | undefined;
  readonly code?: string | undefined;
}
