/** How long one read may take, and what ends it early. */
export interface ReadOptions {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/** How long one write may take, and what ends it early. */
export interface WriteOptions {
  /** By default 5 s and twice the time that the bytes need on the line. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** Lines that this side drives; what is left out stays as it is. */
export interface OutputLines {
  readonly dtr?: boolean;
  readonly rts?: boolean;
  /** Break condition: the transmit line held at space. */
  readonly brk?: boolean;
}

/** Lines that the device drives. */
export interface InputLines {
  readonly dcd: boolean;
  readonly cts: boolean;
  readonly dsr: boolean;
}

/**
 * An open line to one device: bytes out, bytes in. One reader at a time; writes wait for each other.
 * Both throw DeviceFailure `port-gone` once the line is gone or closed (`port-busy` where a terminal
 * server says in band that another has it), and KeylineError `interrupted` when their signal fires.
 */
export interface Port extends AsyncDisposable {
  /** The address it was opened by, such as `serial:/dev/ttyUSB0`. */
  readonly address: string;
  /** Undefined where the line has no rate that this side knows: raw TCP. */
  readonly bitsPerSecond: number | undefined;

  /**
   * Resolves when every byte was handed to the line; the array stays the caller's to wipe. Throws
   * DeviceFailure `timeout` when the peer does not take them; up to 4 KiB may still go out then.
   */
  write(bytes: Uint8Array, options?: WriteOptions): Promise<void>;

  /** All bytes that have come, at least one, the caller's to keep; undefined at the deadline. */
  read(options: ReadOptions): Promise<Uint8Array | undefined>;

  /** Forgets what has come and was not read. */
  discardInput(): void;

  /** Best effort: a line that does not exist, as on a PTY or over raw TCP, is no error. */
  setLines(lines: OutputLines): Promise<void>;

  /** Undefined where the line does not tell. */
  lines(): Promise<InputLines | undefined>;

  /** Resolves once, when the port went away or was closed. Never rejects. */
  readonly closed: Promise<void>;
}
