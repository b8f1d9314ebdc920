import { KeylineError } from '../../kernel/errors.ts';

/** A token as a person names it. */
export interface TokenAddress {
  /** Path of the PKCS#11 library. */
  readonly module: string;
  /** Slot id, or the token's label. */
  readonly slot: number | string;
}

/** Parses `module:slot`; the slot is a number or a token's label. Throws `usage`. */
export function parseTokenAddress(text: string): TokenAddress {
  const at = text.lastIndexOf(':');
  const module = text.slice(0, at);
  const slot = text.slice(at + 1);
  if (at < 1 || slot === '' || slot.includes('/')) {
    throw new KeylineError('usage', {
      message: `${JSON.stringify(text)} does not name a token`,
      hint: 'A token is the path of its library and its slot, such as /usr/lib/softhsm/libsofthsm2.so:0.',
    });
  }
  return { module, slot: /^\d{1,10}$/.test(slot) ? Number(slot) : slot };
}
