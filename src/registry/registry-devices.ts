import type { DeviceRow, RowProblem } from '../model/device-row.ts';

/** What became of a row; `unchanged` where the same device was there. */
export interface RowResult {
  readonly outcome: 'created' | 'unchanged' | 'conflict' | 'invalid';
  readonly reason?: RowProblem | undefined;
}

/** A device that a registry has. */
export interface RegisteredDevice {
  readonly endpointKey: string;
  readonly serial: string;
}

/** Devices row by row, which every registry can do. */
export interface RegistryDevices {
  /** Of one call, at most. */
  readonly rowsAtOnce: number;
  /**
   * Whether the same rows may be sent again without another effect. Where not, whoever gets no answer
   * asks `find` which of them arrived.
   */
  readonly isRepeatable: boolean;
  /** What became of each row, in their order; a conflict says nothing of the other device. */
  register(
    lotId: string,
    provisioning: 'planned' | 'verified',
    rows: readonly DeviceRow[],
  ): Promise<RowResult[]>;
  /** Those of the lot's devices that are there; `rowsAtOnce` keys at most. */
  find(lotId: string, endpointKeys: readonly string[]): Promise<RegisteredDevice[]>;
}
