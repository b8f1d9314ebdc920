import { createHash, randomBytes } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { signFirstStatement } from '../../src/custody/statement.ts';
import type { FirstStatement } from '../../src/custody/statement.ts';
import { fromBase64, toBase64 } from '../../src/kernel/bytes.ts';
import { Secret } from '../../src/kernel/secret.ts';
import { manufacturerPrivateKey } from '../../src/keystore/manufacturer-key.ts';
import {
  deriveSealKey,
  provisioningKeyOfSeal,
  softwareExpander,
  spkiOf,
} from '../../src/model/hierarchy.ts';
import { endpointKeyOf, lotIdOf } from '../../src/model/ids.ts';
import type { Lot } from '../../src/model/lot.ts';
import { unitSerial } from '../../src/model/serial-template.ts';
import { signKeyProof } from '../../src/seals/key-proof.ts';
import type { KeyProof } from '../../src/seals/key-proof.ts';
import { sealLot } from '../../src/seals/lot-descriptor.ts';
import { ROWS_PER_CHUNK, sealManifest } from '../../src/seals/manifest-seal.ts';
import type { ManifestSeal } from '../../src/seals/manifest-seal.ts';
import { holdKey } from '../../src/service/store/keys.ts';
import { enterLot } from '../../src/service/store/lots.ts';
import type { Store } from '../../src/service/store/store.ts';

const HEADER = 'index,serial,endpoint_key\n';

/** A provisioning key of a test's own, made anew, and what its owner signs with it. */
export class Owner {
  readonly sealKey: KeyObject;
  readonly manufacturer: KeyObject;

  private constructor(sealKey: KeyObject, manufacturer: KeyObject) {
    this.sealKey = sealKey;
    this.manufacturer = manufacturer;
  }

  static async create(): Promise<Owner> {
    const expander = softwareExpander(Secret.take(new Uint8Array(randomBytes(32))));
    return new Owner(await deriveSealKey(expander), await manufacturerPrivateKey(expander));
  }

  /** One whose keys do not follow from one secret. */
  static of(sealKey: KeyObject, manufacturer: KeyObject): Owner {
    return new Owner(sealKey, manufacturer);
  }

  get provisioningKey(): Lot['provisioningKey'] {
    return provisioningKeyOfSeal(spkiOf(this.sealKey));
  }

  prove(proof: Omit<KeyProof, 'manufacturerKey'>): Promise<string> {
    const manufacturerKey = toBase64(spkiOf(this.manufacturer));
    return signKeyProof({ ...proof, manufacturerKey }, this.sealKey);
  }

  /** The first custody statement for the owner key that a registry named, in base64. */
  delegate(ownerKey: string, change: Partial<FirstStatement> = {}): string {
    const { provisioningKey, manufacturer } = this;
    const owner = fromBase64(ownerKey) ?? new Uint8Array();
    return toBase64(signFirstStatement({ provisioningKey, owner, ...change }, manufacturer));
  }

  /** Its serials begin with `prefix`, and are its own unless that is given; its id is another’s where that is. */
  async lot(
    size: number,
    prefix?: string,
    lotId = lotIdOf(new Uint8Array(randomBytes(16))),
  ): Promise<SealedLot> {
    const lot: Lot = {
      lotId,
      code: 'A1',
      provisioningKey: this.provisioningKey,
      scheme: 'psk',
      size,
      spare: 0,
      serialTemplate: `${prefix ?? lotId.slice(3, 11)}-{n:8}`,
      firstNumber: 1,
      createdAt: '2026-03-01T08:00:00Z',
    };
    return { lot, descriptor: await sealLot(lot, this.sealKey), owner: this };
  }
}

/** A lot as a registry gets it. */
export interface SealedLot {
  readonly lot: Lot;
  readonly descriptor: string;
  readonly owner: Owner;
}

/** Gives an account the lot, and the key that it is of without a proof. */
export async function enterFor(store: Store, accountId: string, made: SealedLot): Promise<void> {
  const { provisioningKey: id, sealKey, manufacturer } = made.owner;
  await store.change({ actor: 'registry' }, async (change) => {
    await holdKey(change, {
      ...{ accountId, id, isTest: false },
      ...{ sealKey: spkiOf(sealKey), manufacturerKey: spkiOf(manufacturer) },
    });
    await enterLot(change, accountId, made);
  });
}

/** A manifest whose credentials a test made up: a registry cannot tell. */
export interface SealedRows {
  readonly seal: string;
  readonly chunks: readonly Buffer[];
  readonly rows: readonly string[];
}

/** The endpoint key that `sealRows` gives a unit. */
export function endpointKey(index: number, salt = ''): string {
  const digest = createHash('sha256').update(`${salt}${index}`).digest();
  return endpointKeyOf(new Uint8Array(digest.subarray(0, 16)));
}

/** A CSV manifest of units `from` on; `change` may bend a row before it is sealed. */
export async function sealRows(
  { lot, descriptor, owner }: SealedLot,
  range: { readonly from: number; readonly count: number },
  more: {
    readonly change?: (row: string, index: number) => string;
    readonly seal?: Partial<ManifestSeal>;
    readonly header?: string;
  } = {},
): Promise<SealedRows> {
  const { change = (row: string): string => row, header = HEADER } = more;
  const rows = Array.from({ length: range.count }, (_, n): string => {
    const index = range.from + n;
    const row = `${index},${unitSerial(lot, index)},${endpointKey(index, lot.lotId)}`;
    return change(row, index);
  });
  const chunks: Buffer[] = [];
  for (let at = 0; at < rows.length; at += ROWS_PER_CHUNK) {
    const text = `${rows.slice(at, at + ROWS_PER_CHUNK).join('\n')}\n`;
    chunks.push(Buffer.from(at === 0 ? header + text : text));
  }
  const seal = await sealManifest(
    {
      ...{ kind: 'planned', provisioningKey: lot.provisioningKey, lotId: lot.lotId },
      ...{ format: 'csv', columns: header.trim().split(','), ranges: [range], count: range.count },
      rowsPerChunk: ROWS_PER_CHUNK,
      chunks: chunks.map((chunk) => createHash('sha256').update(chunk).digest('hex')),
      ...more.seal,
    },
    { key: owner.sealKey, lot: descriptor },
  );
  return { seal, chunks, rows };
}
