import { decodeCbor, encodeCbor } from './cbor.ts';
import { coseKeyOf, spkiOfCoseKey } from './cose-key.ts';
import { refusedCustody } from './custody-error.ts';

/** A configuration with the chain that shows who may sign it, as a device gets both. */
export interface Delivery {
  /** The manufacturer key, P-256, 91 bytes of SPKI; the device's trust anchor is its digest. */
  readonly manufacturer: Uint8Array;
  /** COSE_Sign1 each, the manufacturer's first. */
  readonly statements: readonly Uint8Array[];
  /** COSE_Sign1 by the present owner. */
  readonly configuration: Uint8Array;
}

/** Greatest number of owners that are followed: each costs a small device a signature check. */
const STATEMENT_LIMIT = 64;

/** `[manufacturer's COSE_Key, [statement as bstr, …], configuration as bstr]` in deterministic CBOR. */
export function encodeDelivery(delivery: Delivery): Uint8Array {
  return encodeCbor([
    coseKeyOf(delivery.manufacturer),
    delivery.statements,
    delivery.configuration,
  ]);
}

/** Reads a delivery. Throws `custody-invalid` (malformed). */
export function parseDelivery(bytes: Uint8Array): Delivery {
  const value = decodeCbor(bytes);
  if (Array.isArray(value) && value.length === 3) {
    const [key, statements, configuration] = value as unknown[];
    const manufacturer = spkiOfCoseKey(key);
    if (manufacturer && isByteStrings(statements) && configuration instanceof Uint8Array) {
      if (statements.length <= STATEMENT_LIMIT) return { manufacturer, statements, configuration };
    }
  }
  throw refusedCustody('malformed', 'it is no configuration with its chain');
}

function isByteStrings(value: unknown): value is Uint8Array[] {
  return Array.isArray(value) && value.every((part) => part instanceof Uint8Array);
}
