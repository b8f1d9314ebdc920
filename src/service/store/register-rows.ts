import { sql } from 'kysely';
import type { RawBuilder } from 'kysely';
import { nextDeviceState } from '../../model/device-state.ts';
import type { DeviceRow } from '../../model/device-row.ts';
import type { Provisioning } from '../../model/device-state.ts';
import { copyNew } from './copy-devices.ts';
import { heldDevices, isSameDevice, toHeld } from './devices.ts';
import type { HeldDevice, NewDevice } from './devices.ts';
import { newIds } from './new-id.ts';
import type { Change, Dialect } from './store.ts';

/** What is true of all rows of an upload. */
export interface BulkContext {
  readonly accountId: string;
  readonly lotId: string;
  readonly provisioningKey: string;
  readonly scheme: string;
  readonly provisioning: Extract<Provisioning, 'planned' | 'verified'>;
  /** Its devices stay out of sight until `showUpload`. */
  readonly uploadId: string;
}

export type BulkOutcome = 'created' | 'unchanged' | 'conflict';

/** Rows of one statement: a few megabytes of JSON. */
const BATCH = 8_192;

/**
 * Registers many devices as `registerDevice` does one, without a record for each, and says what became
 * of each in its order. The same upload again says the same, so that a part whose work was lost can be
 * applied once more. Statements are over sets, and where all rows are new, as they mostly are, only counts come
 * back.
 */
export async function registerRows(
  change: Change,
  context: BulkContext,
  rows: readonly DeviceRow[],
): Promise<BulkOutcome[]> {
  // In the order of the rows, so that whoever goes through ids goes through neighbours.
  const ids = newIds('dv', change.at, rows.length).sort();
  const outcomes: BulkOutcome[] = [];
  for (let from = 0; from < rows.length; from += BATCH) {
    const batch = { rows: rows.slice(from, from + BATCH), ids: ids.slice(from, from + BATCH) };
    outcomes.push(...(await registerBatch(change, context, batch)));
  }
  return outcomes;
}

async function registerBatch(
  change: Change,
  context: BulkContext,
  { rows, ids }: { readonly rows: readonly DeviceRow[]; readonly ids: readonly string[] },
): Promise<BulkOutcome[]> {
  const created = await insertDevices(change, context, { rows, ids });
  const outcomes = ids.map((id): BulkOutcome => (created.has(id) ? 'created' : 'conflict'));
  const rest = rows.map((row, at) => ({ row, at })).filter(({ at }) => outcomes[at] !== 'created');
  if (rest.length === 0) return outcomes;
  const held = await findHeld(
    change,
    context,
    rest.map(({ row }) => row.endpointKey),
  );
  const taken: Taken[] = [];
  const built: (readonly [id: string, hardwareId: string | null, attributes: string | null])[] = [];
  for (const { row, at } of rest) {
    const device = held.get(row.endpointKey);
    if (!device || !isSameDevice(device, toNewDevice(context, row))) continue;
    outcomes[at] = device.uploadId === null ? 'unchanged' : 'created';
    if (device.uploadId !== null && device.uploadId !== context.uploadId) {
      taken.push({ id: device.id, from: device.uploadId });
    }
    const isBuilt = context.provisioning === 'verified' && device.provisioning === 'planned';
    if (isBuilt && nextDeviceState(device, 'verified')) {
      built.push([device.id, row.hardwareId ?? null, row.attributes ?? null]);
    }
  }
  if (taken.length > 0) await takeOver(change, context, taken);
  if (built.length > 0) await markBuilt(change, built);
  return outcomes;
}

/** Inserts what meets neither a serial nor a credential that is there, and returns the ids. */
async function insertDevices(
  change: Change,
  context: BulkContext,
  { rows, ids }: { readonly rows: readonly DeviceRow[]; readonly ids: readonly string[] },
): Promise<ReadonlySet<string>> {
  const { accountId, lotId, uploadId, provisioning, provisioningKey, scheme } = context;
  const { db, dialect } = change;
  if (dialect === 'postgres' && (await copyNew(change, context, { rows, ids })))
    return new Set(ids);
  const all = each(
    dialect,
    rows.map((row, at) => [
      ...[ids[at], row.endpointKey, row.serial, row.lotIndex, row.model ?? null],
      ...[row.hardwareId ?? null, row.claimDigest ?? null, row.attributes ?? null],
    ]),
  );
  const inserted = await sql`
    INSERT INTO devices ("id", "accountId", "serial", "lotId", "lotIndex", "uploadId", "model", "hardwareId",
      "claimDigest", "attributes", "provisioning", "enrollment", "createdAt")
    SELECT value->>0, ${accountId}, value->>2, ${lotId}, CAST(value->>3 AS BIGINT), ${uploadId}, value->>4, value->>5,
      value->>6, value->>7, ${provisioning}, 'pending', ${change.at}
    FROM ${all} WHERE true
    ON CONFLICT ("accountId", "serial") DO NOTHING`.execute(db);
  const hasAll = Number(inserted.numAffectedRows ?? 0) === ids.length;
  const fresh = hasAll ? ids : await kept(change, 'devices', ids);
  const isFresh = new Set(fresh);
  const some = ids.flatMap((id, at) => (isFresh.has(id) ? [[id, rows[at]?.endpointKey]] : []));
  const proved = await sql`
    INSERT INTO credentials ("provisioningKey", "endpointKey", "deviceId", "scheme", "isActive")
    SELECT ${provisioningKey}, value->>1, value->>0, ${scheme}, 1
    FROM ${hasAll ? all : each(dialect, some)} WHERE true
    ON CONFLICT ("endpointKey", "provisioningKey") DO NOTHING`.execute(db);
  if (Number(proved.numAffectedRows ?? 0) === fresh.length) return isFresh;
  const proven = new Set(await kept(change, 'credentials', fresh));
  const stray = fresh.filter((id) => !proven.has(id)).map((id) => [id]);
  await sql`DELETE FROM devices WHERE "id" IN (SELECT value->>0 FROM ${each(dialect, stray)})`.execute(
    db,
  );
  return proven;
}

/** Those of the new ids that are there. */
async function kept(
  { db, dialect }: Change,
  table: 'devices' | 'credentials',
  ids: readonly string[],
): Promise<string[]> {
  const wanted = each(
    dialect,
    ids.map((id) => [id]),
  );
  const column = sql.ref(table === 'devices' ? 'id' : 'deviceId');
  const found = await sql<{ id: string }>`
    SELECT ${column} AS "id" FROM ${sql.table(table)}
    WHERE ${column} IN (SELECT value->>0 FROM ${wanted})${table === 'credentials' ? sql` AND "isActive" = 1` : sql``}`.execute(
    db,
  );
  return found.rows.map(({ id }) => id);
}

/** The devices that have one of these credentials, by endpoint key. */
async function findHeld(
  change: Change,
  { provisioningKey }: BulkContext,
  endpointKeys: readonly string[],
): Promise<ReadonlyMap<string, HeldDevice>> {
  const wanted = each(
    change.dialect,
    endpointKeys.map((key) => [key]),
  );
  const rows = await heldDevices(change.db)
    .select('credentials.endpointKey')
    .where('credentials.provisioningKey', '=', provisioningKey)
    .where(sql<boolean>`"endpointKey" IN (SELECT value->>0 FROM ${wanted})`)
    .execute();
  return new Map(rows.map(({ endpointKey, ...device }) => [endpointKey, toHeld(device)]));
}

/** A hidden device of another upload. */
interface Taken {
  readonly id: string;
  readonly from: string;
}

/**
 * Hidden devices of another upload, which may have failed for good, become this one's and are shown with
 * it; those that the other has shown meanwhile stay in sight.
 */
async function takeOver(
  { db, dialect }: Change,
  { uploadId }: BulkContext,
  taken: readonly Taken[],
): Promise<void> {
  // Held, so that none of them is shown between this look and the end of the transaction.
  const others = [...new Set(taken.map(({ from }) => from))].sort();
  const shown = await db
    .selectFrom('uploads')
    .select(['id', 'state'])
    .where('id', 'in', others)
    .orderBy('id')
    .$if(dialect === 'postgres', (query) => query.forUpdate())
    .execute();
  const isShown = new Set(shown.filter(({ state }) => state === 'committed').map(({ id }) => id));
  const ids = taken.filter(({ from }) => !isShown.has(from)).map(({ id }) => [id]);
  await sql`
    UPDATE devices SET "uploadId" = ${uploadId}
    WHERE "id" IN (SELECT value->>0 FROM ${each(dialect, ids)}) AND "uploadId" IS NOT NULL`.execute(
    db,
  );
}

/** Planned devices that were built since: what was not known of them comes along. */
async function markBuilt(change: Change, built: readonly (readonly unknown[])[]): Promise<void> {
  await sql`
    UPDATE devices SET "provisioning" = 'verified', "version" = "version" + 1,
      "hardwareId" = coalesce("hardwareId", r.hardware), "attributes" = coalesce("attributes", r.more)
    FROM (SELECT value->>0 AS device, value->>1 AS hardware, value->>2 AS more
      FROM ${each(change.dialect, built)}) AS r
    WHERE devices."id" = r.device AND "provisioning" = 'planned'`.execute(change.db);
}

/** Rows as a table with one column, `value`, of which `->>` takes a field. */
function each(dialect: Dialect, rows: readonly (readonly unknown[])[]): RawBuilder<unknown> {
  const json = JSON.stringify(rows);
  return dialect === 'sqlite'
    ? sql`json_each(${json})`
    : sql`json_array_elements(${json}::json) AS value`;
}

function toNewDevice(context: BulkContext, row: DeviceRow): NewDevice {
  const { accountId, lotId, provisioningKey, scheme, provisioning } = context;
  const { serial, lotIndex, endpointKey, model, hardwareId, claimDigest } = row;
  return {
    ...{ accountId, lotId, provisioningKey, scheme, provisioning },
    ...{ serial, lotIndex, endpointKey, model, hardwareId, claimDigest },
  };
}
