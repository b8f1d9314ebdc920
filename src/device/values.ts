/** One value of a profile, rendered for one unit. */
export interface DeviceValue {
  readonly name: string;
  /** It must show nowhere: not in logs, reasons or captures. */
  readonly isSecret: boolean;
  /** Length in bytes. */
  readonly length: number;
  /**
   * Lends the bytes exactly as the device is to hold them, for one synchronous call: UTF-8 of the
   * text, or the raw bytes of format `raw`.
   */
  use<T>(borrow: (bytes: Uint8Array) => T): T;
}

/** All values of one unit, lent to a driver; whoever rendered them disposes of them. */
export interface DeviceValues extends Disposable {
  readonly names: readonly string[];
  /** Throws for a name that the profile does not define, which its check has seen before. */
  get(name: string): DeviceValue;
}
