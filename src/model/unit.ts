/**
 * One unit's credential, lent: the arrays are views that hold good until the batch's turn is over.
 * Which optional values are there is the deriver's options' choice and the scheme's.
 */
export interface Unit {
  readonly index: number;
  /** 16 bytes. */
  readonly endpointKey: Uint8Array;
  /** 32 bytes: the endpoint secret (psk, azure-dps) or the private key (Ed25519 seed, P-256 scalar). */
  readonly secret: Uint8Array;
  /** SubjectPublicKeyInfo DER of a key pair. */
  readonly publicKey?: Uint8Array;
  /** X.509 certificate DER. */
  readonly certificate?: Uint8Array;
  /** 10 bytes. */
  readonly claimCode?: Uint8Array;
}

/** Consecutive units, lent to one consumer and wiped on disposal. */
export interface UnitBatch extends Disposable {
  readonly from: number;
  readonly count: number;
  /** The unit `position` places into the batch. */
  unit(position: number): Unit;
}

/** Values beyond secret and endpoint key, made only when asked for because each costs time. */
export interface UnitNeeds {
  readonly claimCode?: boolean;
  readonly certificate?: boolean;
}
