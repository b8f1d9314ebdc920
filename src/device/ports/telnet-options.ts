import { DO, DONT, IAC, WILL, WONT } from './telnet.ts';
import type { OptionVerb } from './telnet.ts';

type Side = 'no' | 'asked' | 'yes';

/**
 * Agrees on Telnet options: asks for those that are wanted, accepts them when the other end asks,
 * refuses all others, and answers only what changes something, so that two ends never loop (RFC 1143).
 */
export class TelnetOptions {
  readonly #ours = new Map<number, Side>();
  readonly #theirs = new Map<number, Side>();
  readonly #wanted: ReadonlySet<number>;
  readonly #send: (bytes: Uint8Array) => void;

  constructor(wanted: Iterable<number>, send: (bytes: Uint8Array) => void) {
    this.#wanted = new Set(wanted);
    this.#send = send;
  }

  /** Offers to do `option` ourselves. */
  offer(option: number): void {
    this.#ours.set(option, 'asked');
    this.#say(WILL, option);
  }

  /** Asks the other end to do `option`. */
  request(option: number): void {
    this.#theirs.set(option, 'asked');
    this.#say(DO, option);
  }

  /** Whether both ends agreed that we do `option`. */
  weDo(option: number): boolean {
    return this.#ours.get(option) === 'yes';
  }

  /** The other end spoke. */
  heard(verb: OptionVerb, option: number): void {
    const isAboutUs = verb === DO || verb === DONT;
    const side = isAboutUs ? this.#ours : this.#theirs;
    const before = side.get(option) ?? 'no';
    const isAgreed = (verb === DO || verb === WILL) && this.#wanted.has(option);
    side.set(option, isAgreed ? 'yes' : 'no');
    if (isAgreed) {
      if (before === 'no') this.#say(isAboutUs ? WILL : DO, option);
    } else if (verb === DO || verb === WILL || before === 'yes') {
      this.#say(isAboutUs ? WONT : DONT, option);
    }
  }

  #say(verb: OptionVerb, option: number): void {
    this.#send(Uint8Array.of(IAC, verb, option));
  }
}
