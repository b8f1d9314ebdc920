import { sql } from 'kysely';
import type { DeviceRow } from '../../model/device-row.ts';
import { copyText } from './copy-text.ts';
import { isUniqueViolation } from './postgres-errors.ts';
import type { BulkContext } from './register-rows.ts';
import type { Change } from './store.ts';

/**
 * Makes devices and credentials of rows none of which is known, by COPY (PostgreSQL), which takes half of
 * the time of an INSERT that looks for what is there. Resolves to false, and nothing was done, where one
 * of them meets a serial or a credential that is there.
 */
export async function copyNew(
  change: Change,
  context: BulkContext,
  { rows, ids }: { readonly rows: readonly DeviceRow[]; readonly ids: readonly string[] },
): Promise<boolean> {
  const { db, at } = change;
  const { accountId, lotId, uploadId, provisioning, provisioningKey, scheme } = context;
  // Lots are mostly known whole or not at all: one row tells that most of a batch would be in vain.
  if (await isKnown(change, context, rows[0])) return false;
  await sql`SAVEPOINT copying`.execute(db);
  try {
    const devices = rows.map((row, n) => [
      ...[ids[n] ?? null, accountId, row.serial, lotId, row.lotIndex, uploadId, row.model ?? null],
      ...[row.hardwareId ?? null, row.claimDigest ?? null, row.attributes ?? null],
      ...[provisioning, 'pending', at],
    ]);
    await sql`COPY devices ("id", "accountId", "serial", "lotId", "lotIndex", "uploadId", "model", "hardwareId",
      "claimDigest", "attributes", "provisioning", "enrollment", "createdAt") FROM ${copyText(devices)}`.execute(
      db,
    );
    const credentials = rows.map((row, n) => [
      ...[provisioningKey, row.endpointKey, ids[n] ?? null, scheme, 1],
    ]);
    await sql`COPY credentials ("provisioningKey", "endpointKey", "deviceId", "scheme", "isActive")
      FROM ${copyText(credentials)}`.execute(db);
    await sql`RELEASE SAVEPOINT copying`.execute(db);
    return true;
  } catch (error) {
    if (!isUniqueViolation(error)) throw error;
    await sql`ROLLBACK TO SAVEPOINT copying`.execute(db);
    return false;
  }
}

async function isKnown(
  { db }: Change,
  { accountId, provisioningKey }: BulkContext,
  row: DeviceRow | undefined,
): Promise<boolean> {
  if (!row) return true;
  const found = await sql`
    SELECT 1 FROM devices WHERE "accountId" = ${accountId} AND "serial" = ${row.serial}
    UNION ALL
    SELECT 1 FROM credentials WHERE "endpointKey" = ${row.endpointKey} AND "provisioningKey" = ${provisioningKey}`.execute(
    db,
  );
  return found.rows.length > 0;
}
