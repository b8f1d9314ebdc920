/** Telnet command bytes, RFC 854 page 14. */
export const IAC = 255;
export const DONT = 254;
export const DO = 253;
export const WONT = 252;
export const WILL = 251;
export const SB = 250;
export const SE = 240;

const CR = 13;
const NUL = 0;

/** DO, DONT, WILL or WONT. */
export type OptionVerb = typeof DO | typeof DONT | typeof WILL | typeof WONT;

/** What a Telnet stream holds, in order. */
export type TelnetEvent =
  | { readonly kind: 'data'; readonly bytes: Uint8Array }
  | { readonly kind: 'option'; readonly verb: OptionVerb; readonly option: number }
  | { readonly kind: 'subnegotiation'; readonly option: number; readonly bytes: Uint8Array };

/** A subnegotiation longer than this is not one: RFC 2217's longest is a signature. */
const LONGEST_SUBNEGOTIATION = 1024;

/** Takes a Telnet stream apart, wherever its chunks are cut. Commands without meaning here are dropped. */
export class TelnetDecoder {
  /** Bytes are 8 bit as they come, RFC 856; otherwise CR NUL stands for CR, RFC 854 page 11. */
  isBinary = true;
  #state: 'data' | 'iac' | 'option' | 'sub' | 'sub-iac' = 'data';
  #isAfterCr = false;
  #verb: OptionVerb = DO;
  #sub: number[] = [];

  /** Returns what became complete with this chunk. */
  decode(chunk: Uint8Array): TelnetEvent[] {
    const events: TelnetEvent[] = [];
    const data = new Uint8Array(chunk.length);
    let size = 0;
    const endData = (): void => {
      if (size > 0) events.push({ kind: 'data', bytes: data.slice(0, size) });
      size = 0;
    };
    for (const byte of chunk) {
      switch (this.#state) {
        case 'data': {
          const isFiller = this.#isAfterCr && byte === NUL && !this.isBinary;
          this.#isAfterCr = byte === CR;
          if (byte === IAC) this.#state = 'iac';
          else if (!isFiller) data[size++] = byte;
          break;
        }
        case 'iac':
          this.#state = 'data';
          if (byte === IAC) data[size++] = byte;
          else if (byte === SB) {
            this.#sub = [];
            this.#state = 'sub';
          } else if (byte === DO || byte === DONT || byte === WILL || byte === WONT) {
            this.#verb = byte;
            this.#state = 'option';
          }
          break;
        case 'option':
          this.#state = 'data';
          endData();
          events.push({ kind: 'option', verb: this.#verb, option: byte });
          break;
        case 'sub':
          if (byte === IAC) this.#state = 'sub-iac';
          else this.#keep(byte);
          break;
        case 'sub-iac': {
          this.#state = byte === IAC ? 'sub' : 'data';
          if (byte === IAC) this.#keep(byte);
          const [option, ...rest] = this.#sub;
          if (byte !== SE || option === undefined) break;
          endData();
          events.push({ kind: 'subnegotiation', option, bytes: Uint8Array.from(rest) });
          break;
        }
      }
    }
    endData();
    data.fill(0);
    return events;
  }

  #keep(byte: number): void {
    if (this.#sub.length < LONGEST_SUBNEGOTIATION) this.#sub.push(byte);
  }
}

/** Data for the wire: IAC doubled, and CR as CR NUL where the stream is not binary. */
export function escapeTelnet(bytes: Uint8Array, options: { readonly isBinary: boolean }): Buffer {
  const escaped = Buffer.alloc(bytes.length * 2);
  let size = 0;
  for (const byte of bytes) {
    escaped[size++] = byte;
    if (byte === IAC) escaped[size++] = IAC;
    else if (byte === CR && !options.isBinary) escaped[size++] = NUL;
  }
  return escaped.subarray(0, size);
}

/** `IAC SB option … IAC SE`, RFC 855. */
export function subnegotiation(option: number, bytes: Uint8Array): Uint8Array {
  return Buffer.concat([
    Uint8Array.of(IAC, SB, option),
    escapeTelnet(bytes, { isBinary: true }),
    Uint8Array.of(IAC, SE),
  ]);
}
