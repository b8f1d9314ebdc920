import { createHash, generateKeyPairSync } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { signFirstStatement } from '../../../src/custody/statement.ts';
import { toBase64Url } from '../../../src/kernel/bytes.ts';
import { commit, spkiOf } from '../../../src/model/hierarchy.ts';
import { endpointKeyOf } from '../../../src/model/ids.ts';
import type { EndpointKey } from '../../../src/model/ids.ts';
import { unitSerial } from '../../../src/model/serial-template.ts';
import { digestClientSecret, newClientSecret } from '../../../src/service/auth/secret-digest.ts';
import { issueToken } from '../../../src/service/auth/sessions.ts';
import { initRegistry } from '../../../src/service/init-registry.ts';
import { readMasterKey } from '../../../src/service/keys/key-file.ts';
import type { MasterKey } from '../../../src/service/keys/master-key.ts';
import { ensureOwnerKey } from '../../../src/service/keys/owner-key.ts';
import { createAccount } from '../../../src/service/store/accounts.ts';
import { putTemplate } from '../../../src/service/store/config-templates.ts';
import { holdKey } from '../../../src/service/store/keys.ts';
import { enterLot } from '../../../src/service/store/lots.ts';
import { openStore } from '../../../src/service/store/open-store.ts';
import { createPrincipal } from '../../../src/service/store/principals.ts';
import type { Change } from '../../../src/service/store/store.ts';
import { Owner, sealRows } from '../../service/sealed-upload.ts';
import type { SealedLot, SealedRows } from '../../service/sealed-upload.ts';
import type { Asker } from './client.ts';

/** An account with the token of a machine of its own. */
export interface Member extends Asker {
  readonly accountId: string;
}

/** Who makes devices, who sells them on, who has them in the end. */
const HANDLES = ['maker', 'reseller', 'north', 'south'] as const;
const ROLES = ['factory-engineer', 'provisioner', 'customer-admin', 'auditor'] as const;
const UNITS = 1_000_000;
export const PUBLIC_URL = 'https://registry.test';

/** A registry with its accounts, and the lot whose devices go from hand to hand. */
export class World {
  readonly database: string;
  readonly masterKeyFile: string;
  readonly members: readonly Member[];
  readonly lot: SealedLot;

  private constructor(parts: Pick<World, 'database' | 'masterKeyFile' | 'members' | 'lot'>) {
    this.database = parts.database;
    this.masterKeyFile = parts.masterKeyFile;
    this.members = parts.members;
    this.lot = parts.lot;
  }

  /** Makes it in an empty folder; `database` is an empty one of PostgreSQL’s, or a file in the folder. */
  static async make(dir: string, database = join(dir, 'registry.sqlite')): Promise<World> {
    mkdirSync(dir, { mode: 0o700 });
    const masterKeyFile = join(dir, 'registry.key');
    const adminPasswordFile = join(dir, 'password');
    writeFileSync(adminPasswordFile, 'correct horse battery staple\n', { mode: 0o600 });
    await initRegistry({ database, masterKeyFile, admin: 'root', adminPasswordFile });
    using masterKey = await readMasterKey(masterKeyFile);
    await using store = await openStore(database, { create: false });
    const lot = await (await Owner.create()).lot(UNITS);
    const members = await store.change({ actor: 'registry' }, async (change) => {
      const made: Member[] = [];
      for (const handle of HANDLES) made.push(await makeMember(change, handle));
      await makeLot(change, masterKey, { accountId: made[0]?.accountId ?? '', lot });
      return made;
    });
    return new World({ database, masterKeyFile, members, lot });
  }

  /** Whoever made the devices. */
  get maker(): Member {
    const [maker] = this.members;
    if (!maker) throw new Error('a world has no maker');
    return maker;
  }

  member(handle: string): Member {
    const found = this.members.find(({ by }) => by === handle);
    if (!found) throw new Error(`nobody is called ${handle}`);
    return found;
  }

  /** A manifest of these units, with credentials that can be proved. */
  seal(first: number, count: number, kind: 'planned' | 'as-built'): Promise<SealedRows> {
    const change = (row: string, index: number): string =>
      row.replace(/[^,]+$/, this.endpointKey(index));
    return sealRows(this.lot, { from: first, count }, { change, seal: { kind } });
  }

  endpointKey(index: number): EndpointKey {
    return endpointKeyOf(commit(this.lot.lot.provisioningKey, secretOf(index)));
  }

  /** As a station reports it. */
  unit(index: number): { index: number; serial: string; endpointKey: string } {
    return { index, serial: unitSerial(this.lot.lot, index), endpointKey: this.endpointKey(index) };
  }

  /** What unit `index` proves itself by. */
  proof(index: number): string {
    const text = `${this.endpointKey(index)}:es_${toBase64Url(secretOf(index))}`;
    return `Basic ${Buffer.from(text).toString('base64')}`;
  }
}

function secretOf(index: number): Uint8Array {
  return new Uint8Array(createHash('sha256').update(`a unit’s secret ${index}`).digest());
}

async function makeMember(change: Change, handle: (typeof HANDLES)[number]): Promise<Member> {
  const kind = handle === 'maker' ? 'oem' : handle === 'reseller' ? 'reseller' : 'customer';
  const { id: accountId } = await createAccount(change, { handle, name: handle, kind });
  const { id: principalId } = await createPrincipal(change, {
    ...{ kind: 'system', accountId, name: handle, roles: ROLES },
    secretDigest: digestClientSecret(newClientSecret()),
  });
  const { token } = await issueToken(change, { accountId, principalId, secretVersion: 1 });
  const body = { trustAnchors: [], values: { owner: handle, device: '{deviceId}' } };
  await putTemplate(change, { accountId, name: 'default', after: 0 }, body);
  return { by: handle, accountId, authorization: `Bearer ${token}` };
}

/** The provisioning key with its first custody statement, and the lot. */
async function makeLot(
  change: Change,
  masterKey: MasterKey,
  { accountId, lot }: { readonly accountId: string; readonly lot: SealedLot },
): Promise<void> {
  const { publicKey, privateKey: manufacturer } = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
  });
  const { provisioningKey, sealKey } = lot.owner;
  await holdKey(change, {
    ...{ accountId, id: provisioningKey, sealKey: spkiOf(sealKey), isTest: false },
    manufacturerKey: spkiOf(publicKey),
  });
  const owner = await ensureOwnerKey(change, masterKey, accountId);
  await change.db
    .updateTable('provisioningKeys')
    .set({ delegation: signFirstStatement({ provisioningKey, owner }, manufacturer) })
    .where('id', '=', provisioningKey)
    .execute();
  await enterLot(change, accountId, lot);
}
