import { createHmac } from 'node:crypto';
import { endpointKeyOf, idBytes } from '../../src/model/ids.ts';
import type { LotId, ProvisioningKey } from '../../src/model/ids.ts';
import { independentUnit } from '../derive/independent.ts';
import { readNvs } from '../formats/nvs-reader.ts';

/** The credentials of a psk lot, derived by node:crypto alone, to be found again in a device’s flash. */
export class UnitTable {
  readonly #secrets = new Map<string, number>();
  readonly #keys = new Map<string, number>();

  constructor(
    lot: {
      readonly lotId: LotId;
      readonly provisioningKey: ProvisioningKey;
      readonly size: number;
    },
    provisioningSecret: Uint8Array,
  ) {
    const from = {
      lotSecret: lotSecretOf(provisioningSecret, lot.lotId),
      provisioningKey: idBytes(lot.provisioningKey),
    };
    for (let index = 0; index < lot.size; index++) {
      const { secret, endpointKey } = independentUnit('psk', index, from);
      this.#secrets.set(secret.toString('hex'), index);
      this.#keys.set(endpointKeyOf(endpointKey), index);
    }
  }

  /** What stands in a flash, whatever the names of its parts. */
  heldBy(flash: ReadonlyMap<string, Uint8Array>): Holding {
    const values = [...flash.values()].flatMap((bytes) => partsOf(bytes));
    const whole = wholeUnit(
      values.map((value) => this.#keys.get(value)),
      values.map((value) => this.#secrets.get(secretHex(value) ?? '')),
    );
    const touched = new Set<number>();
    let isForeign = false;
    for (const value of values) {
      for (const index of this.#indexesIn(value)) {
        if (index === undefined) isForeign = true;
        else touched.add(index);
      }
    }
    return { whole, touched, isForeign };
  }

  /** Every credential or part of one that a text has anywhere; undefined for one of no unit. */
  *#indexesIn(value: string): Iterable<number | undefined> {
    for (const [key] of value.matchAll(/ek_[0-9a-z]{26}/g)) yield this.#keys.get(key);
    const secret = secretHex(value);
    if (secret !== undefined) yield this.#secrets.get(secret);
    for (const [text] of value.matchAll(/[A-Za-z0-9+/]{43}=|[0-9A-Fa-f]{64}/g)) {
      const index = this.#secrets.get(secretHex(text) ?? '');
      if (index !== undefined) yield index;
    }
  }
}

/** What one device holds of a lot. */
export interface Holding {
  /** The unit whose key and secret are there, exactly, and no other’s. */
  readonly whole: number | undefined;
  /** Every unit of which the key or the secret is there. */
  readonly touched: ReadonlySet<number>;
  /** A key or a secret that is of no unit. */
  readonly isForeign: boolean;
}

/** One key and one secret, of one unit; a copy at a place that a lost byte named is no other secret. */
function wholeUnit(
  keys: readonly (number | undefined)[],
  secrets: readonly (number | undefined)[],
): number | undefined {
  const ofKey = new Set(keys.filter((index) => index !== undefined));
  const ofSecret = new Set(secrets.filter((index) => index !== undefined));
  const [index] = ofKey;
  const isOne = ofKey.size === 1 && ofSecret.size === 1 && index !== undefined;
  return isOne && ofSecret.has(index) ? index : undefined;
}

/** A value as text, one character a byte; an NVS partition as its values. */
function partsOf(bytes: Uint8Array): string[] {
  const text = Buffer.from(bytes).toString('latin1');
  if (bytes.length < 4096) return [text];
  try {
    const values = [...readNvs(bytes).values()].map(String);
    return values.map((value) => Buffer.from(value, 'hex').toString('latin1'));
  } catch {
    return [text]; // cut short in the middle: whatever can be found in it
  }
}

/** The 32 bytes that a value is, raw, in hexadecimal or in base64. */
function secretHex(value: string): string | undefined {
  if (/^[0-9A-Fa-f]{64}$/.test(value)) return value.toLowerCase();
  if (/^[A-Za-z0-9+/]{43}=$/.test(value)) return Buffer.from(value, 'base64').toString('hex');
  return value.length === 32 ? Buffer.from(value, 'latin1').toString('hex') : undefined;
}

/** RFC 5869 section 2.3, one block: `Expand(provisioningSecret, "keyline/v1 lot" || 00 || lot id, 32)`. */
export function lotSecretOf(provisioningSecret: Uint8Array, lotId: LotId): Uint8Array {
  return createHmac('sha256', provisioningSecret)
    .update('keyline/v1 lot\0')
    .update(idBytes(lotId))
    .update(Buffer.of(1))
    .digest();
}
