import { KeylineError } from '../../kernel/errors.ts';

/** A number or bytes that a token calls something by. */
export type Handle = Buffer;

/** One attribute of an object; the value is left out where it is asked for. */
export interface Attribute {
  readonly type: number;
  readonly value?: number | boolean | string | Buffer;
}

/** What keyline calls of pkcs11js 2.1, which is an optional peer and so has no types here. */
export interface Pkcs11 {
  load(path: string): void;
  close(): void;
  C_Initialize(): void;
  C_Finalize(): void;
  C_GetSlotList(tokenPresent: boolean): Handle[];
  C_GetTokenInfo(slot: Handle): { label: string; serialNumber: string };
  C_OpenSession(slot: Handle, flags: number): Handle;
  C_CloseSession(session: Handle): void;
  C_Login(session: Handle, userType: number, pin: string): void;
  C_CreateObject(session: Handle, template: readonly Attribute[]): Handle;
  C_DestroyObject(session: Handle, object: Handle): void;
  C_FindObjectsInit(session: Handle, template: readonly Attribute[]): void;
  C_FindObjects(session: Handle, limit: number): Handle[];
  C_FindObjectsFinal(session: Handle): void;
  C_GetAttributeValue(
    session: Handle,
    object: Handle,
    template: readonly Attribute[],
  ): { type: number; value: Buffer }[];
  C_SignInit(session: Handle, mechanism: { mechanism: number }, key: Handle): void;
  C_Sign(session: Handle, data: Buffer, signature: Buffer): Buffer;
}

/** Loads the library of a token. Throws `pkcs11-unavailable` without the package or the library. */
export async function loadModule(path: string): Promise<Pkcs11> {
  const { PKCS11 } = await importPackage();
  const library = new PKCS11();
  try {
    library.load(path);
  } catch {
    throw new KeylineError('pkcs11-unavailable', {
      message: `${path} cannot be loaded as a PKCS#11 module`,
      hint: 'Check the path of the token’s library; `keyline doctor` looks at it too.',
      facts: { module: path },
    });
  }
  return library;
}

/** `CKR_…` of an error that a module reported, or undefined; nothing else of such an error is shown. */
export function returnValueOf(error: unknown): string | undefined {
  return error instanceof Error ? /\bCKR_[A-Z0-9_]+\b/.exec(error.message)?.[0] : undefined;
}

async function importPackage(): Promise<{ PKCS11: new () => Pkcs11 }> {
  // A name that neither the compiler nor the bundler follows: the package need not be there.
  const name = 'pkcs11js';
  try {
    const found = (await import(name)) as { default: { PKCS11: new () => Pkcs11 } };
    return found.default;
  } catch {
    throw new KeylineError('pkcs11-unavailable', {
      message: 'the package pkcs11js, which talks to PKCS#11 tokens, is not installed',
      hint: 'Install it beside keyline: npm install pkcs11js@2.1.6',
    });
  }
}
