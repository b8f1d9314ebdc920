/** The device's end of a line. */
export interface DeviceLine {
  /** What the host opens: a path, or `tcp://host:port`. */
  readonly address: string;
  /** In the order of the calls. What the host does not take for long is lost, as on a wire. */
  send(bytes: Uint8Array): void;
  /** Pulls the cable. Releases every handle. */
  close(): Promise<void>;
}

/** Takes what the host wrote. */
export type LineListener = (bytes: Uint8Array) => void;
