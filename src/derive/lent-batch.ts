import type { Range } from '../model/range.ts';
import type { Unit, UnitBatch, UnitNeeds } from '../model/unit.ts';

/** A batch over one set of arrays, packed by kind, that is filled again and again. */
export class LentBatch implements UnitBatch {
  from = 0;
  count = 0;
  certificates: readonly Uint8Array[] = [];
  readonly #secrets: Uint8Array;
  readonly #endpointKeys: Uint8Array;
  readonly #publicKeys: Uint8Array;
  readonly #claimCodes: Uint8Array | undefined;
  readonly #publicKeyBytes: number;

  /** `publicKeyBytes` is the SPKI's length, 0 for a shared secret. */
  constructor(most: number, publicKeyBytes: number, needs: UnitNeeds) {
    this.#secrets = new Uint8Array(most * 32);
    this.#endpointKeys = new Uint8Array(most * 16);
    this.#publicKeys = new Uint8Array(most * publicKeyBytes);
    this.#claimCodes = needs.claimCode ? new Uint8Array(most * 10) : undefined;
    this.#publicKeyBytes = publicKeyBytes;
  }

  /** 32 bytes for each unit of the batch. */
  get secrets(): Uint8Array {
    return this.#secrets.subarray(0, this.count * 32);
  }

  /** 16 bytes for each unit. */
  get endpointKeys(): Uint8Array {
    return this.#endpointKeys.subarray(0, this.count * 16);
  }

  /** An SPKI for each unit; empty for a shared secret. */
  get publicKeys(): Uint8Array {
    return this.#publicKeys.subarray(0, this.count * this.#publicKeyBytes);
  }

  /** 10 bytes for each unit, where they were asked for. */
  get claimCodes(): Uint8Array | undefined {
    return this.#claimCodes?.subarray(0, this.count * 10);
  }

  /** Says which units the arrays are to hold next. */
  begin(range: Range): void {
    this.from = range.from;
    this.count = range.count;
  }

  unit(position: number): Unit {
    if (position < 0 || position >= this.count) throw new RangeError('no such unit in the batch');
    const unit = {
      index: this.from + position,
      secret: at(this.#secrets, position, 32),
      endpointKey: at(this.#endpointKeys, position, 16),
    };
    const certificate = this.certificates[position];
    return {
      ...unit,
      ...(this.#publicKeyBytes > 0 && {
        publicKey: at(this.#publicKeys, position, this.#publicKeyBytes),
      }),
      ...(certificate && { certificate }),
      ...(this.#claimCodes && { claimCode: at(this.#claimCodes, position, 10) }),
    };
  }

  /** Zeroes what is secret; public values stay until the next filling. */
  wipe(): void {
    this.secrets.fill(0);
    this.claimCodes?.fill(0);
  }

  [Symbol.dispose](): void {
    this.wipe();
  }
}

function at(packed: Uint8Array, position: number, sizeBytes: number): Uint8Array {
  return packed.subarray(position * sizeBytes, (position + 1) * sizeBytes);
}
