import { sha256 } from '../../custody/chain.ts';
import { signNextStatement } from '../../custody/statement.ts';
import type { EndpointKey, ProvisioningKey } from '../../model/ids.ts';
import type { Change } from '../store/store.ts';
import type { MasterKey } from './master-key.ts';
import { ensureOwnerKey, openOwnerKey } from './owner-key.ts';

/** Whose chain is wanted. */
export interface ChainedDevice {
  readonly deviceId: string;
  readonly provisioningKey: ProvisioningKey;
  readonly endpointKey: EndpointKey;
}

/** The way from the device's trust anchor to its present owner. */
export interface CustodyChain {
  /** SPKI. */
  readonly manufacturer: Uint8Array;
  readonly statements: readonly Uint8Array[];
}

/**
 * The device's chain, each transfer's statement signed at the first need by the account that gave the
 * device on. Undefined while a link is missing: the provisioning key came without a first statement, or an
 * account keeps its owner key itself and has not signed yet.
 */
export async function completeChain(
  change: Change,
  masterKey: MasterKey,
  { deviceId, provisioningKey, endpointKey }: ChainedDevice,
): Promise<CustodyChain | undefined> {
  const key = await change.db
    .selectFrom('provisioningKeys')
    .select(['manufacturerKey', 'delegation'])
    .where('id', '=', provisioningKey)
    .executeTakeFirst();
  if (!key?.manufacturerKey || !key.delegation) return undefined;
  const transfers = await change.db
    .selectFrom('custody')
    .selectAll()
    .where('deviceId', '=', deviceId)
    .orderBy('step')
    .execute();
  const statements: Uint8Array[] = [Uint8Array.from(key.delegation)];
  for (const { step, fromAccountId, toAccountId, statement } of transfers) {
    if (statement) {
      statements.push(Uint8Array.from(statement));
      continue;
    }
    const owner = await openOwnerKey(change.db, masterKey, fromAccountId);
    if (!owner) return undefined;
    const next = await ensureOwnerKey(change, masterKey, toAccountId);
    const previous = sha256(statements.at(-1) ?? new Uint8Array());
    const content = { provisioningKey, endpointKey, owner: next, step, previous };
    const signed = signNextStatement(content, owner);
    await change.db
      .updateTable('custody')
      .set({ statement: signed })
      .where('deviceId', '=', deviceId)
      .where('step', '=', step)
      .execute();
    statements.push(signed);
  }
  return { manufacturer: Uint8Array.from(key.manufacturerKey), statements };
}
