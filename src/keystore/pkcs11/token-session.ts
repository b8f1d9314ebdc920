import { KeylineError } from '../../kernel/errors.ts';
import type { Secret } from '../../kernel/secret.ts';
import type { Credentials } from '../credentials.ts';
import { CKF, CKU_USER } from './constants.ts';
import { loadModule, returnValueOf } from './native.ts';
import type { Attribute, Handle, Pkcs11 } from './native.ts';
import type { TokenAddress } from './token-address.ts';

/** Which token: by address, or the one with this serial number wherever it is now. */
export type TokenChoice = TokenAddress | { readonly module: string; readonly serial: string };

/** What says which token it is. */
export interface TokenFacts {
  readonly slot: number;
  readonly serial: string;
  readonly label: string;
}

/**
 * A session with a token, its user logged in, until disposed. Every method throws `pkcs11-failed`.
 * Sessions of one module in one process end in the opposite order of their beginning.
 */
export class TokenSession implements Disposable {
  readonly token: TokenFacts;
  readonly #library: Pkcs11;
  readonly #session: Handle;
  readonly #isFirst: boolean;

  private constructor(
    library: Pkcs11,
    session: Handle,
    options: { readonly token: TokenFacts; readonly isFirst: boolean },
  ) {
    this.#library = library;
    this.#session = session;
    this.token = options.token;
    this.#isFirst = options.isFirst;
  }

  /** Throws `pkcs11-unavailable`, `pkcs11-failed`, and `no-passphrase` where there is no PIN to be had. */
  static async open(
    choice: TokenChoice,
    credentials: Credentials,
    options: { readonly write?: boolean } = {},
  ): Promise<TokenSession> {
    const library = await loadModule(choice.module);
    const isFirst = initialize(library);
    try {
      const { slot, token } = findSlot(library, choice);
      using pin = await pinOf(credentials, token);
      const flags = CKF.SERIAL_SESSION | (options.write ? CKF.RW_SESSION : 0);
      const session = call(() => library.C_OpenSession(slot, flags));
      logIn(library, session, pin);
      return new TokenSession(library, session, { token, isFirst });
    } catch (error) {
      if (isFirst) library.C_Finalize();
      library.close();
      throw error;
    }
  }

  /** Objects with all of these attributes, at most 16. */
  find(template: readonly Attribute[]): readonly Handle[] {
    return call(() => {
      this.#library.C_FindObjectsInit(this.#session, template);
      const found = this.#library.C_FindObjects(this.#session, 16);
      this.#library.C_FindObjectsFinal(this.#session);
      return found;
    });
  }

  create(template: readonly Attribute[]): Handle {
    return call(() => this.#library.C_CreateObject(this.#session, template));
  }

  destroy(object: Handle): void {
    call(() => {
      this.#library.C_DestroyObject(this.#session, object);
    });
  }

  /** The value of one attribute as the token stores it. */
  attribute(object: Handle, type: number): Uint8Array {
    const [found] = call(() =>
      this.#library.C_GetAttributeValue(this.#session, object, [{ type }]),
    );
    return Uint8Array.from(found?.value ?? []);
  }

  /** A signature or MAC, computed inside the token; `sizeBytes` is room enough for it. */
  sign(
    key: Handle,
    message: Uint8Array,
    options: { readonly mechanism: number; readonly sizeBytes: number },
  ): Uint8Array {
    return call(() => {
      this.#library.C_SignInit(this.#session, { mechanism: options.mechanism }, key);
      const out = Buffer.alloc(options.sizeBytes);
      const copy = Buffer.from(message);
      const signature = Uint8Array.from(this.#library.C_Sign(this.#session, copy, out));
      copy.fill(0);
      out.fill(0);
      return signature;
    });
  }

  [Symbol.dispose](): void {
    call(() => {
      this.#library.C_CloseSession(this.#session);
      if (this.#isFirst) this.#library.C_Finalize();
      this.#library.close();
    });
  }
}

function initialize(library: Pkcs11): boolean {
  try {
    library.C_Initialize();
    return true;
  } catch (error) {
    if (returnValueOf(error) === 'CKR_CRYPTOKI_ALREADY_INITIALIZED') return false;
    throw failed(error);
  }
}

function findSlot(library: Pkcs11, choice: TokenChoice): { slot: Handle; token: TokenFacts } {
  for (const slot of call(() => library.C_GetSlotList(true))) {
    const { serialNumber, label } = call(() => library.C_GetTokenInfo(slot));
    const token = {
      slot: slotNumber(slot),
      serial: printable(serialNumber),
      label: printable(label),
    };
    const fits =
      'serial' in choice
        ? token.serial === choice.serial
        : typeof choice.slot === 'number'
          ? token.slot === choice.slot
          : token.label === choice.slot;
    if (fits) return { slot, token };
  }
  const which = 'serial' in choice ? `with serial number ${choice.serial}` : `${choice.slot}`;
  throw new KeylineError('pkcs11-failed', {
    message: `${choice.module} has no token ${which}`,
    hint: 'Check that the token is plugged in, and its slot.',
    facts: { module: choice.module },
  });
}

async function pinOf(credentials: Credentials, token: TokenFacts): Promise<Secret> {
  if (credentials.pin) return credentials.pin(`PIN of the token ${token.label}`);
  throw new KeylineError('no-passphrase', {
    message: `the token ${token.label} asks for a PIN`,
    hint: 'Give --pin-file FILE|-, or set KEYLINE_PIN_FILE.',
  });
}

function logIn(library: Pkcs11, session: Handle, pin: Secret): void {
  try {
    // pkcs11js takes the PIN as a string only.
    pin.use((bytes) => {
      library.C_Login(session, CKU_USER, new TextDecoder().decode(bytes));
    });
  } catch (error) {
    if (returnValueOf(error) === 'CKR_USER_ALREADY_LOGGED_IN') return;
    throw failed(error);
  }
}

/** A slot id is a CK_ULONG in the machine's byte order; ids over 2^32 are not met. */
function slotNumber(slot: Handle): number {
  return slot.readUInt32LE(0);
}

function printable(text: string): string {
  return text.replace(/[\0 ]+$/, '');
}

function call<T>(act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw failed(error);
  }
}

function failed(error: unknown): Error {
  const value = returnValueOf(error);
  if (value === undefined) return error instanceof Error ? error : new Error('unknown failure');
  if (value.startsWith('CKR_PIN_')) {
    return new KeylineError('pkcs11-failed', {
      message: `the token refused the PIN (${value})`,
      hint: 'Check the PIN: a token locks itself after a few wrong ones.',
      facts: { value },
    });
  }
  return new KeylineError('pkcs11-failed', {
    message: `the token refused (${value})`,
    facts: { value },
  });
}
