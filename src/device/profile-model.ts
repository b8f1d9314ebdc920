import type { ColumnName, Format } from '../model/columns.ts';

/** Drivers a profile may name. */
export const DRIVER_NAMES = ['console', 'smp', 'at-cmng', 'image'] as const;
export type DriverName = (typeof DRIVER_NAMES)[number];

/** How a slot knows that a device came or went. `line:` names the input line that is high while it is there. */
export const PRESENCE_MODES = [
  'usb',
  'poll',
  'line:dcd',
  'line:cts',
  'line:dsr',
  'operator',
] as const;
export type PresenceMode = (typeof PRESENCE_MODES)[number];

/** A column's format, or `raw`: the bytes that `hex` would encode. */
export type ValueFormat = Format | 'raw';

/** Where a value that the device gets comes from. */
export type ValueSource =
  | { readonly kind: 'column'; readonly column: ColumnName; readonly format: ValueFormat }
  | { readonly kind: 'constant'; readonly text: string }
  /** Certificates that the device is to trust, as the run was given them. */
  | { readonly kind: 'trust-anchor'; readonly format: 'pem' | 'der' | 'raw' }
  /** SHA-256 of the lot's manufacturer key: where the custody chain of its devices begins. */
  | { readonly kind: 'custody-anchor'; readonly format: 'hex' | 'base64' | 'base64url' | 'raw' };

/** Where hardware ids come from and which are refused. */
export interface IdentityRules {
  readonly from: 'device' | 'scan' | 'programmer';
  /** The whole id must match. */
  readonly pattern: string;
  /** `mac`: 12 hexadecimal digits in any usual spelling, made canonical; `text`: kept as it is. */
  readonly kind: 'mac' | 'text';
  /** Takes locally administered MACs too. */
  readonly allowLocalMac: boolean;
  /** Ids that are known to stand on many devices, beyond the built-in list. */
  readonly refuse: readonly string[];
}

/** A device profile that was read and found free of mistakes. */
export interface DeviceProfile {
  readonly name: string;
  readonly description: string | undefined;
  readonly driver: DriverName;
  readonly port: { readonly baudRate: number };
  /** For slots of a jig that do not say otherwise. */
  readonly presence: PresenceMode;
  readonly identity: IdentityRules;
  /** What the device's model must match, with `{model}` for the lot's model; undefined: not asked. */
  readonly expect: { readonly model: string } | undefined;
  readonly values: ReadonlyMap<string, ValueSource>;
  /** The driver's own part; its kind knows the type. */
  readonly section: unknown;
  /** SHA-256 of the file, lower-case hexadecimal. */
  readonly digest: string;
}
