import { KeylineError } from '../../kernel/errors.ts';
import { DeviceFailure } from '../../model/failure.ts';

/** Who speaks: nobody yet, the device, or the terminal server, to say why there will be no device. */
export type NoticeVerdict = 'unknown' | 'device' | 'busy' | 'no-device';

/** What ser2net 4.3 writes in band before it hangs up; lower case. */
const NOTICES: readonly (readonly [string, NoticeVerdict])[] = [
  ['port already in use', 'busy'],
  ["port's device already in use", 'busy'],
  ['device open failure', 'no-device'],
  ["port's device failed open", 'no-device'],
];

/** Looks at the first bytes of a connection for a terminal server's own word. Feed it every chunk until it knows. */
export class ServerNotice {
  #text = '';
  #verdict: NoticeVerdict = 'unknown';

  /** `unknown` while what has come is nothing, or the beginning of a notice. */
  get verdict(): NoticeVerdict {
    return this.#verdict;
  }

  /** True while nothing has come at all. */
  get isSilent(): boolean {
    return this.#verdict === 'unknown' && this.#text === '';
  }

  /** Returns the verdict with this chunk. */
  see(chunk: Uint8Array): NoticeVerdict {
    if (this.#verdict !== 'unknown') return this.#verdict;
    const head = Buffer.from(chunk.buffer, chunk.byteOffset, Math.min(chunk.length, 64));
    const text = (this.#text + head.toString('latin1')).trimStart().toLowerCase();
    this.#text = text;
    const found = NOTICES.find(([notice]) => text.startsWith(notice));
    if (found) this.#verdict = found[1];
    else if (!NOTICES.some(([notice]) => notice.startsWith(text))) this.#verdict = 'device';
    return this.#verdict;
  }

  /** The end of the line for a unit that is under way; undefined where the device speaks. */
  failure(address: string): DeviceFailure | undefined {
    if (this.#verdict === 'busy') return new DeviceFailure('port-busy', inUse(address));
    return this.#verdict === 'no-device'
      ? new DeviceFailure('port-gone', noDevice(address))
      : undefined;
  }

  /** Why the port does not open; undefined where the device speaks, or nobody. */
  error(address: string): KeylineError | undefined {
    const facts = { port: address };
    if (this.#verdict === 'busy') {
      return new KeylineError('port-busy', { message: inUse(address), facts });
    }
    if (this.#verdict !== 'no-device') return undefined;
    return new KeylineError('port-missing', {
      message: noDevice(address),
      hint: 'Check that the device is plugged in at the terminal server.',
      facts,
    });
  }
}

/** A connection that was taken and closed without a word: most terminal servers refuse a second client so. */
export function closedAtOnce(address: string): KeylineError {
  return new KeylineError('port-busy', {
    message: `${address} was closed at once by the other end, as for a second client`,
    facts: { port: address },
  });
}

function inUse(address: string): string {
  return `${address} is in use by another client`;
}

function noDevice(address: string): string {
  return `the terminal server cannot open the device behind ${address}`;
}
