import type { Static, TSchema } from 'typebox';
import type { EndpointKey } from '../model/ids.ts';
import type { DeviceProfile, DriverName } from './profile-model.ts';
import type { Port } from './ports/port.ts';
import type { DeviceValues } from './values.ts';
import type { WireLog } from './wire-log.ts';

/** What a driver works with for one device; lent by whoever runs the unit. */
export interface DriverContext {
  /**
   * The open port, already written to the log. Ask for it anew after `releasePort`: it is another one
   * then. Using it while it is released throws DeviceFailure `port-gone`.
   */
  readonly port: Port;
  readonly signal: AbortSignal;
  /** Notes of what is done; the bytes of `port` go to it by themselves. */
  readonly log: WireLog;
  /**
   * Closes the port, lends its path or address (`/dev/ttyUSB0`, `tcp://host:port`) to a program that
   * opens it itself, and opens it again afterwards, whatever `use` did. The slot's lock is kept.
   */
  releasePort<T>(use: (portPath: string) => Promise<T>): Promise<T>;
}

/** What a device held before anything was written. */
export type Held =
  | { readonly kind: 'none' }
  | { readonly kind: 'endpoint-key'; readonly endpointKey: EndpointKey }
  /** SHA-256, lower-case hexadecimal, of what it stores as its secret. */
  | { readonly kind: 'digest'; readonly digest: string }
  /** A credential that does not say whose it is. `detail` is plain text without secrets. */
  | { readonly kind: 'other'; readonly detail: string }
  /** The device cannot be asked. */
  | { readonly kind: 'unknown' };

/** How a device showed that it holds what was written; the strongest first. */
export const EVIDENCE_KINDS = ['proof', 'digest', 'readback', 'programmer'] as const;
export type EvidenceKind = (typeof EVIDENCE_KINDS)[number];

/** What `verify` saw; goes into the ledger. `detail` is plain text of at most 512 characters. */
export interface Evidence {
  readonly kind: EvidenceKind;
  readonly detail: string;
}

/** Facts that a device told: firmware version, IMEI, MAC. Never a secret; values of at most 256 characters. */
export type Captures = Readonly<Record<string, string>>;

/**
 * Speaks one protocol that devices have. Each method is one visit, independent of the one before: it
 * finds the device in any state. Throws DeviceFailure, and KeylineError `interrupted`; every wait
 * has a deadline. One instance for each slot; it keeps nothing of a unit.
 */
export interface Driver {
  /** The hardware id as the device says it; `hardwareIdRules` makes it canonical or refuses it. */
  identify(context: DriverContext): Promise<string>;
  inspect(context: DriverContext): Promise<Held>;
  /** What the device says of its model or firmware, for `expect`; there where the profile asks for it. */
  model?(context: DriverContext): Promise<string>;
  /** Facts for the ledger beyond those of `write`; asked once, before anything is written. */
  captures?(context: DriverContext): Promise<Captures>;
  /** Restarts the device and returns when it answers again; there where the profile says how. */
  restart?(context: DriverContext): Promise<void>;
  /** Returns when the device took everything and said that it is stored. */
  write(context: DriverContext, values: DeviceValues): Promise<Captures>;
  /** Returns only when what the device holds is exactly `values`. Throws `verify-mismatch`, `not-stored`. */
  verify(context: DriverContext, values: DeviceValues): Promise<Evidence>;
}

/** Takes a mistake of meaning: where in the profile (member names and places), and what is wrong. */
export type ReportMistake = (path: readonly (string | number)[], message: string) => void;

/** A driver as profiles name it. Its section of a profile stands under its name. */
export interface DriverKind {
  readonly name: DriverName;
  /** The closed schema of the section. */
  readonly section: TSchema;
  /** Mistakes that a schema cannot see; the profile fits the schema already. */
  check(profile: DeviceProfile, report: ReportMistake): void;
  create(profile: DeviceProfile): Driver;
}

/** A driver kind written with the type of its own section. Paths reported begin inside the section. */
export function driverKind<const S extends TSchema>(kind: {
  readonly name: DriverName;
  readonly section: S;
  check(profile: DeviceProfile, section: Static<S>, report: ReportMistake): void;
  create(profile: DeviceProfile, section: Static<S>): Driver;
}): DriverKind {
  const { name } = kind;
  return {
    name,
    section: kind.section,
    check: (profile, report) => {
      kind.check(profile, profile.section as Static<S>, (path, message) => {
        report([name, ...path], message);
      });
    },
    create: (profile) => kind.create(profile, profile.section as Static<S>),
  };
}
