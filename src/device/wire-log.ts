import { systemClock } from '../kernel/clock.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Secret } from '../kernel/secret.ts';
import { MaskedSecrets, SecretMask } from './secret-mask.ts';

/** One piece of what went over a line, secrets already masked. */
export interface WireEntry {
  /** When its last byte was seen; ISO 8601 UTC in milliseconds. */
  readonly at: string;
  readonly direction: 'sent' | 'received' | 'note';
  readonly bytes: Uint8Array;
}

/** Where entries go, and when they are said to be. */
export interface WireLogOptions {
  readonly sink: (entry: WireEntry) => void;
  readonly clock?: Clock;
}

/**
 * A record of the raw bytes of one device's line. Secrets made known by `protect` before they are sent
 * are masked as `[secret]` in every form (text, hexadecimal, base64, base64url; wrapped, framed, cut
 * into chunks or echoed with bytes missing). The last few bytes of a direction are held back until
 * more come or `flush`. Disposal flushes and forgets the secrets.
 */
export class WireLog implements Disposable {
  readonly #secrets = new MaskedSecrets();
  readonly #masks = {
    sent: new SecretMask(this.#secrets),
    received: new SecretMask(this.#secrets),
  };
  readonly #sink: (entry: WireEntry) => void;
  readonly #clock: Clock;

  constructor(options: WireLogOptions) {
    this.#sink = options.sink;
    this.#clock = options.clock ?? systemClock;
  }

  /** Masks this secret in everything that comes after; it stays the caller's. */
  protect(secret: Secret): void {
    this.#secrets.add(secret);
  }

  /** Bytes that were written to the device. */
  sent(bytes: Uint8Array): void {
    this.#record('sent', this.#masks.sent.push(bytes));
  }

  /** Bytes that the device sent. */
  received(bytes: Uint8Array): void {
    this.#record('received', this.#masks.received.push(bytes));
  }

  /** A line of our own, such as the name of the step that begins; masked like the rest. */
  note(text: string): void {
    this.#record('note', Buffer.from(this.mask(text)));
  }

  /** `text` without secrets: for reasons and captures. */
  mask(text: string): string {
    const mask = new SecretMask(this.#secrets);
    const bytes = Buffer.from(text);
    return Buffer.concat([mask.push(bytes), mask.flush()]).toString();
  }

  /** Gives out what is held back: at the end of a unit, when no secret can be under way. */
  flush(): void {
    this.#record('sent', this.#masks.sent.flush());
    this.#record('received', this.#masks.received.flush());
  }

  [Symbol.dispose](): void {
    this.flush();
    this.#secrets[Symbol.dispose]();
  }

  #record(direction: WireEntry['direction'], bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#sink({ at: this.#clock.now().toISOString(), direction, bytes });
  }
}

const MARKS = { sent: '>', received: '<', note: '#' } as const;

/** One line of text: the time, `>` sent, `<` received or `#` note, and the bytes, those that do not print as \xNN. */
export function formatWireEntry({ at, direction, bytes }: WireEntry): string {
  const text = direction === 'note' ? Buffer.from(bytes).toString() : printable(bytes);
  return `${at} ${MARKS[direction]} ${text}`;
}

/** Bytes as text: \n, \r, \t, \\ and \xNN for what does not print. */
export function printable(bytes: Uint8Array): string {
  const named: Readonly<Record<number, string>> = { 9: '\\t', 10: '\\n', 13: '\\r', 92: '\\\\' };
  return Array.from(bytes, (byte) => {
    if (named[byte] !== undefined) return named[byte];
    if (byte >= 0x20 && byte < 0x7f) return String.fromCharCode(byte);
    return `\\x${byte.toString(16).padStart(2, '0')}`;
  }).join('');
}
