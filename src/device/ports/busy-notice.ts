/** What ser2net writes to a second client, in band, before it hangs up. */
const NOTICE = 'port already in use';

/**
 * Looks at the first bytes of a connection for a terminal server's word that another client has the
 * port. Feed it every chunk until it knows.
 */
export class BusyNotice {
  #text = '';
  #verdict: 'unknown' | 'busy' | 'free' = 'unknown';

  /** `unknown` while what has come is the beginning of the notice, or nothing. */
  get verdict(): 'unknown' | 'busy' | 'free' {
    return this.#verdict;
  }

  /** Returns the verdict with this chunk. */
  see(chunk: Uint8Array): 'unknown' | 'busy' | 'free' {
    if (this.#verdict !== 'unknown') return this.#verdict;
    const head = Buffer.from(chunk.buffer, chunk.byteOffset, Math.min(chunk.length, 64));
    this.#text = (this.#text + head.toString('latin1')).trimStart().toLowerCase();
    if (this.#text.startsWith(NOTICE)) this.#verdict = 'busy';
    else if (!NOTICE.startsWith(this.#text)) this.#verdict = 'free';
    return this.#verdict;
  }
}
