import type { Selectable } from 'kysely';
import { sha256 } from '../../custody/chain.ts';
import { signNextStatement } from '../../custody/statement.ts';
import { groupBy } from '../../kernel/group-by.ts';
import type { EndpointKey, ProvisioningKey } from '../../model/ids.ts';
import type { Change } from '../store/store.ts';
import type { Tables } from '../store/tables.ts';
import type { OpenedKeys } from './opened-keys.ts';

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

type Transfer = Selectable<Tables['custody']>;

/**
 * The devices' chains, by device, each transfer's statement signed at the first need by the account that gave
 * the device on. A device is left out while a link is missing: the provisioning key came without a first
 * statement, or an account keeps its owner key itself and has not signed yet. Whoever may ask at once holds the
 * devices (`lockDevices`).
 */
export async function completeChains(
  change: Change,
  keys: OpenedKeys,
  devices: readonly ChainedDevice[],
): Promise<ReadonlyMap<string, CustodyChain>> {
  const chains = new Map<string, CustodyChain>();
  if (devices.length === 0) return chains;
  const origins = await originsOf(change, devices);
  const transfers = await transfersOf(change, devices);
  const fresh: Transfer[] = [];
  for (const device of devices) {
    const origin = origins.get(device.provisioningKey);
    if (!origin) continue;
    const { manufacturer, delegation } = origin;
    const signed = await signMissing(keys, device, {
      delegation,
      transfers: transfers.get(device.deviceId) ?? [],
    });
    fresh.push(...signed.fresh);
    if (!signed.statements) continue;
    chains.set(device.deviceId, { manufacturer, statements: signed.statements });
  }
  if (fresh.length > 0) await keepStatements(change, fresh);
  return chains;
}

interface Origin {
  readonly manufacturer: Uint8Array;
  /** The first statement. */
  readonly delegation: Uint8Array;
}

async function originsOf(
  { db }: Change,
  devices: readonly ChainedDevice[],
): Promise<ReadonlyMap<string, Origin>> {
  const ids = new Set(devices.map(({ provisioningKey }) => provisioningKey));
  const rows = await db
    .selectFrom('provisioningKeys')
    .select(['id', 'manufacturerKey', 'delegation'])
    .where('id', 'in', [...ids])
    .execute();
  const origins = new Map<string, Origin>();
  for (const { id, manufacturerKey, delegation } of rows) {
    if (!manufacturerKey || !delegation) continue;
    const manufacturer = Uint8Array.from(manufacturerKey);
    origins.set(id, { manufacturer, delegation: Uint8Array.from(delegation) });
  }
  return origins;
}

async function transfersOf(
  { db }: Change,
  devices: readonly ChainedDevice[],
): Promise<ReadonlyMap<string, readonly Transfer[]>> {
  const ids = devices.map(({ deviceId }) => deviceId);
  const rows = await db
    .selectFrom('custody')
    .selectAll()
    .where('deviceId', 'in', ids)
    .orderBy('deviceId')
    .orderBy('step')
    .execute();
  return groupBy(rows, ({ deviceId }) => deviceId);
}

/** All statements of one device, where they can be signed, and the rows of those that are new. */
async function signMissing(
  keys: OpenedKeys,
  { provisioningKey, endpointKey }: ChainedDevice,
  so: { readonly delegation: Uint8Array; readonly transfers: readonly Transfer[] },
): Promise<{ readonly statements?: readonly Uint8Array[]; readonly fresh: readonly Transfer[] }> {
  const statements = [so.delegation];
  const fresh: Transfer[] = [];
  for (const transfer of so.transfers) {
    const { step, fromAccountId, toAccountId } = transfer;
    if (transfer.statement) {
      statements.push(Uint8Array.from(transfer.statement));
      continue;
    }
    const owner = await keys.open(fromAccountId);
    if (!owner) return { fresh };
    const next = await keys.ensure(toAccountId);
    const previous = sha256(statements.at(-1) ?? new Uint8Array());
    const content = { provisioningKey, endpointKey, owner: next, step, previous };
    const statement = signNextStatement(content, owner);
    fresh.push({ ...transfer, statement });
    statements.push(statement);
  }
  return { statements, fresh };
}

/** In one statement: the rows are there, and get what they lack. */
async function keepStatements({ db }: Change, fresh: readonly Transfer[]): Promise<void> {
  await db
    .insertInto('custody')
    .values(fresh)
    .onConflict((conflict) =>
      conflict.columns(['deviceId', 'step']).doUpdateSet((eb) => ({
        statement: eb.ref('excluded.statement'),
      })),
    )
    .execute();
}
