/** A configuration as a registry names it; what it is worth only the device can say. */
export interface NamedConfiguration {
  readonly step: number;
  readonly version: number;
  /** Where to fetch it, below the registry's address. */
  readonly url: string;
  /** SHA-256 of the signed configuration, hexadecimal. */
  readonly digest: string;
}

/** What a registry answers to a check-in and at the end of a wait. */
export interface DeviceState {
  readonly mode: 'escrow' | 'normal';
  readonly config?: NamedConfiguration;
}

/** What a device says at a check-in. */
export interface CheckIn {
  readonly hardwareId: string;
  readonly firmware: string;
  /** Rises with each check-in. */
  readonly counter: number;
  readonly config?: {
    readonly step: number;
    readonly version: number;
    readonly digest: string;
    readonly status: 'applied' | 'refused';
  };
}

/**
 * A device's way to a registry. Each call throws `unauthenticated` where its credential or its session is
 * not taken, `registry-unavailable` where nobody answers or it is told to come later (fact
 * `retryAfterSeconds`), `registry-untrusted` for a certificate that it does not know, `registry-failed` for an answer that is none, `interrupted`.
 */
export interface DeviceWire extends Disposable {
  /** The registry's address, which a signed proof names. */
  readonly audience: string;
  nonce(): Promise<string>;
  /** Proves the credential; what follows goes under the session that it opens. */
  openSession(authorization: string): Promise<void>;
  checkIn(said: CheckIn): Promise<DeviceState>;
  /** Resolves as soon as the state is another, after five minutes at the latest. */
  wait(): Promise<DeviceState>;
  fetch(url: string): Promise<Uint8Array>;
}
