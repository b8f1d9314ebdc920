import { fromHex, toHex } from '../../kernel/bytes.ts';
import { KeylineError } from '../../kernel/errors.ts';
import { expandWith } from '../../kernel/hkdf.ts';
import type { Secret } from '../../kernel/secret.ts';
import { deriveSealKey } from '../../model/hierarchy.ts';
import type { Expander } from '../../model/hierarchy.ts';
import { idBytes } from '../../model/ids.ts';
import type { Credentials } from '../credentials.ts';
import type { KeyCard, KeyHome } from '../key-card.ts';
import { cardOf } from '../software-key.ts';
import type { OpenKey } from '../software-key.ts';
import { CKA, CKK, CKM, CKO } from './constants.ts';
import type { Attribute, Handle } from './native.ts';
import { TokenSession } from './token-session.ts';

/** Where a key is, in a token. */
export type TokenHome = Extract<KeyHome, { type: 'pkcs11' }>;

/**
 * Opens a key whose secret is in a token: what is derived is computed inside it by CKM_SHA256_HMAC.
 * The card it comes with is derived anew. Throws `pkcs11-unavailable`, `pkcs11-failed`, `no-passphrase`.
 */
export async function openTokenKey(card: KeyCard, credentials: Credentials): Promise<OpenKey> {
  const home = card.home as TokenHome;
  const choice = { module: home.module, serial: home.tokenSerial };
  const session = await TokenSession.open(choice, credentials);
  try {
    const object = requireObject(session, home.objectId);
    const expander = tokenExpander(session, object);
    return {
      card: await cardOf(expander, card),
      expand: (info, sizeBytes) => expander.expand(info, sizeBytes),
      sealKey: () => deriveSealKey(expander),
      [Symbol.asyncDispose]: () => {
        session[Symbol.dispose]();
        return Promise.resolve();
      },
    };
  } catch (error) {
    session[Symbol.dispose]();
    throw error;
  }
}

/**
 * Puts a provisioning secret into a token, sensitive and not extractable, and proves that the token
 * computes the same key from it; one that is there already is taken as it is. Undone where that
 * fails. The secret stays the caller's. Throws `pkcs11-failed`.
 */
export async function putIntoToken(
  session: TokenSession,
  secret: Secret,
  draft: { readonly card: KeyCard; readonly module: string },
): Promise<TokenHome> {
  const { card, module } = draft;
  const id = Buffer.from(idBytes(card.provisioningKey));
  const [known] = session.find(identified(id));
  const object = known ?? create(session, secret, { id, label: `keyline ${card.provisioningKey}` });
  try {
    requireSealed(session, object);
    const computed = await cardOf(tokenExpander(session, object), card);
    if (computed.provisioningKey !== card.provisioningKey) {
      throw new KeylineError('pkcs11-failed', {
        message: 'the token computes another key from the secret that it was given',
        hint: 'Remove the object from the token and try again.',
      });
    }
  } catch (error) {
    if (known === undefined) session.destroy(object);
    throw error;
  }
  const { slot, serial } = session.token;
  return { type: 'pkcs11', module, slot, tokenSerial: serial, objectId: toHex(id) };
}

function create(
  session: TokenSession,
  secret: Secret,
  names: { readonly id: Buffer; readonly label: string },
): Handle {
  const value = secret.use((bytes) => Buffer.from(bytes));
  try {
    return session.create([
      ...identified(names.id),
      { type: CKA.KEY_TYPE, value: CKK.GENERIC_SECRET },
      { type: CKA.LABEL, value: names.label },
      { type: CKA.TOKEN, value: true },
      { type: CKA.PRIVATE, value: true },
      { type: CKA.SENSITIVE, value: true },
      { type: CKA.EXTRACTABLE, value: false },
      { type: CKA.MODIFIABLE, value: false },
      { type: CKA.SIGN, value: true },
      { type: CKA.VALUE, value },
    ]);
  } finally {
    value.fill(0);
  }
}

function tokenExpander(session: TokenSession, key: Handle): Expander {
  const options = { mechanism: CKM.SHA256_HMAC, sizeBytes: 32 };
  const mac = (message: Uint8Array): Uint8Array => session.sign(key, message, options);
  return { expand: (info, sizeBytes) => Promise.resolve(expandWith(mac, info, sizeBytes)) };
}

function requireObject(session: TokenSession, objectId: string): Handle {
  const id = fromHex(objectId) ?? new Uint8Array();
  const [object] = session.find(identified(Buffer.from(id)));
  if (object !== undefined) return object;
  throw new KeylineError('pkcs11-failed', {
    message: `the token ${session.token.label} does not hold the key ${objectId}`,
    hint: 'Put it there again from its backup with `keyline key import --pkcs11`.',
  });
}

/** A token that keeps the secret readable is no home for it, whatever it accepted. */
function requireSealed(session: TokenSession, object: Handle): void {
  const isSensitive = session.attribute(object, CKA.SENSITIVE)[0] === 1;
  const isExtractable = session.attribute(object, CKA.EXTRACTABLE)[0] !== 0;
  if (isSensitive && !isExtractable) return;
  throw new KeylineError('pkcs11-failed', {
    message: 'the token keeps the secret readable or extractable',
    hint: 'Use another token, or remove the object that was put there by other means.',
  });
}

function identified(id: Buffer): readonly Attribute[] {
  return [
    { type: CKA.CLASS, value: CKO.SECRET_KEY },
    { type: CKA.ID, value: id },
  ];
}
