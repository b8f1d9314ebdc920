import { setImmediate } from 'node:timers/promises';
import { sql } from 'kysely';
import type { Expression, SqlBool } from 'kysely';
import type { DeviceFilter } from '../../model/device-filter.ts';
import { ESCROW_STATES, escrowState } from '../../model/escrow.ts';
import type { EscrowCounts, EscrowState } from '../../model/escrow.ts';
import type { Device } from './devices.ts';
import { IS_SHOWN } from './shown.ts';
import type { Reader } from './store.ts';

/** Which of an account's devices, as the service asks for them. */
export interface DeviceQuery extends DeviceFilter {
  /** Only of the lots that this station was given. */
  readonly station?: string | undefined;
  /** Those that are gone for good, too; they are unless this is false. */
  readonly retired?: boolean | undefined;
}

/** A device with its credential and the open offer of it. */
export interface FleetDevice extends Device {
  readonly endpointKey: string;
  readonly provisioningKey: string;
  readonly scheme: string;
  /** The transfer that offers it now, or null. */
  readonly openTransferId: string | null;
}

/**
 * The last device that a scan has seen: it goes by serial, with `lotId` by index. An account may have devices of two
 * lots of one id, which others made, and so two of an index: these go by serial.
 */
export type ScanKey = Pick<Device, 'serial' | 'lotIndex'>;

/** Rows looked at in one statement: SQLite answers in some tens of milliseconds, and others go on. */
const STRETCH = 5_000;
/** `Z` of UTF-8: no text with the prefix comes after it. */
const LAST = '\u{10ffff}';

/**
 * The account's devices that fit, at most `batch` at a time, in the order of their keys, from behind
 * `after`. It looks at a stretch of the index a statement, however few of them fit, so that a large fleet
 * holds nobody up. What changes meanwhile is seen or not; nothing is seen twice.
 */
export async function* scanDevices(
  db: Reader,
  scope: { readonly accountId: string; readonly query: DeviceQuery },
  from: { readonly after?: ScanKey | undefined; readonly batch: number },
): AsyncGenerator<FleetDevice[]> {
  for await (const stretch of stretches(db, scope, from.after)) {
    let { after } = stretch;
    for (;;) {
      const rows = await fitting(db, scope.accountId, scope.query)
        .where(stretch.within(after))
        .orderBy(stretch.column)
        .$if(stretch.column === 'lotIndex', (query) => query.orderBy('serial'))
        .limit(from.batch)
        .execute();
      if (rows.length > 0) yield rows;
      const last = rows.at(-1);
      if (rows.length < from.batch || !last) break;
      after = last;
    }
  }
}

/** At most `limit` of them: a page. */
export async function listDevices(
  db: Reader,
  scope: { readonly accountId: string; readonly query: DeviceQuery },
  { limit, after }: { readonly limit: number; readonly after?: ScanKey | undefined },
): Promise<FleetDevice[]> {
  const page: FleetDevice[] = [];
  for await (const rows of scanDevices(db, scope, { after, batch: limit })) {
    page.push(...rows);
    if (page.length >= limit) break;
  }
  return page.slice(0, limit);
}

/** How many devices that fit are in each escrow state. */
export async function countEscrow(
  db: Reader,
  scope: { readonly accountId: string; readonly query: DeviceQuery },
): Promise<EscrowCounts> {
  const counts = Object.fromEntries(ESCROW_STATES.map((state) => [state, 0])) as Record<
    EscrowState,
    number
  >;
  for await (const { within, after } of stretches(db, scope, undefined)) {
    const rows = await db
      .selectFrom('devices')
      .select(({ fn }) => [ESCROW.as('escrow'), fn.countAll().as('n')])
      .where((eb) => eb.and(conditions(scope)))
      .where(within(after))
      .groupBy(ESCROW)
      .execute();
    for (const { escrow, n } of rows) counts[escrow] += Number(n);
  }
  return counts;
}

/** Devices of the account with their credential and the open offer, to be narrowed down. */
export function fitting(db: Reader, accountId: string, query: DeviceQuery) {
  return db
    .selectFrom('devices')
    .innerJoin('credentials', (join) =>
      join
        .onRef('credentials.deviceId', '=', 'devices.id')
        .on('credentials.isActive', '=', (eb) => eb.lit(1)),
    )
    .selectAll('devices')
    .select(['credentials.endpointKey', 'credentials.provisioningKey', 'credentials.scheme'])
    .select(OPEN_TRANSFER.as('openTransferId'))
    .where((eb) => eb.and(conditions({ accountId, query })));
}

/** Where the device stands on its way to its owner. */
export function escrowOf(device: Omit<FleetDevice, 'endpointKey' | 'provisioningKey' | 'scheme'>) {
  return escrowState({
    isCancelled: device.isCancelled === 1,
    hasOpenItem: device.openTransferId !== null,
    custodyStep: device.custodyStep,
    configuredStep: device.configStep ?? undefined,
    acknowledgedStep: device.ackStep ?? undefined,
  });
}

// The index of open items is on this condition, with the state as it stands here.
const OPEN_TRANSFER = sql<string | null>`(SELECT i."transferId" FROM "transferItems" AS i
  JOIN "transfers" AS t ON t."id" = i."transferId" AND t."preparing" IS NULL
  WHERE i."deviceId" = devices."id" AND i."state" = 'offered')`;

/** `escrowState` of model/escrow.ts in SQL; the store's contract holds the two together. */
const ESCROW = sql<EscrowState>`(CASE
  WHEN devices."isCancelled" = 1 THEN 'cancelled'
  WHEN ${OPEN_TRANSFER} IS NOT NULL THEN 'offered'
  WHEN devices."ackStep" = devices."custodyStep" THEN 'active'
  WHEN devices."custodyStep" > 0 OR devices."configStep" = devices."custodyStep" THEN 'configuring'
  ELSE 'waiting' END)`;

function conditions(scope: {
  readonly accountId: string;
  readonly query: DeviceQuery;
}): Expression<SqlBool>[] {
  const { query } = scope;
  const equal = (['lotId', 'model', 'provisioning', 'enrollment', 'mark', 'firmware'] as const)
    .filter((name) => query[name] !== undefined)
    .map((name) => sql<SqlBool>`devices.${sql.ref(name)} = ${query[name]}`);
  return [
    sql<SqlBool>`devices."accountId" = ${scope.accountId} AND ${IS_SHOWN}`,
    ...equal,
    ...(query.station === undefined
      ? []
      : [
          sql<SqlBool>`devices."lotId" IN
            (SELECT "lotId" FROM "stationLots"
              WHERE "principalId" = ${query.station} AND "accountId" = ${scope.accountId})`,
        ]),
    ...(query.escrow === undefined ? [] : [sql<SqlBool>`${ESCROW} = ${query.escrow}`]),
    ...(query.retired === false ? [sql<SqlBool>`devices."enrollment" <> 'retired'`] : []),
    ...prefixed(query.serialPrefix),
  ];
}

function prefixed(prefix: string | undefined): Expression<SqlBool>[] {
  if (prefix === undefined) return [];
  return [sql<SqlBool>`devices."serial" >= ${prefix} AND devices."serial" < ${prefix + LAST}`];
}

/** A piece of the index that a scan goes along. */
interface Stretch {
  readonly column: 'serial' | 'lotIndex';
  readonly after: ScanKey | undefined;
  /** From behind this key to the stretch's end. */
  readonly within: (after: ScanKey | undefined) => Expression<SqlBool>;
}

async function* stretches(
  db: Reader,
  { accountId, query }: { readonly accountId: string; readonly query: DeviceQuery },
  start: ScanKey | undefined,
): AsyncGenerator<Stretch> {
  const column = query.lotId === undefined ? 'serial' : 'lotIndex';
  const bounds =
    query.lotId === undefined
      ? [sql<SqlBool>`devices."accountId" = ${accountId}`, ...prefixed(query.serialPrefix)]
      : [sql<SqlBool>`devices."lotId" = ${query.lotId}`, ...indexed(query)];
  for (let after = start; ;) {
    const end = await db
      .selectFrom('devices')
      .select(['serial', 'lotIndex'])
      .where((eb) => eb.and([...bounds, ...behind(column, after)]))
      .orderBy(column)
      .offset(STRETCH - 1)
      .limit(1)
      .executeTakeFirst();
    const until = end && [sql<SqlBool>`devices.${sql.ref(column)} <= ${end[column]}`];
    const within = (from: ScanKey | undefined): Expression<SqlBool> =>
      sql.join<SqlBool>([...bounds, ...behind(column, from), ...(until ?? [])], sql` AND `);
    yield { column, after, within };
    if (!end) return;
    // All of its index are in the stretch.
    after = column === 'lotIndex' ? { ...end, serial: LAST } : end;
    await setImmediate();
  }
}

function behind(column: Stretch['column'], from: ScanKey | undefined): Expression<SqlBool>[] {
  if (from === undefined) return [];
  const { lotIndex, serial } = from;
  if (column === 'serial') return [sql<SqlBool>`devices."serial" > ${serial}`];
  return [
    sql<SqlBool>`devices."lotIndex" >= ${lotIndex}`,
    sql<SqlBool>`(devices."lotIndex" > ${lotIndex} OR devices."serial" > ${serial})`,
  ];
}

function indexed({ first, last }: DeviceQuery): Expression<SqlBool>[] {
  return [
    ...(first === undefined ? [] : [sql<SqlBool>`devices."lotIndex" >= ${first}`]),
    ...(last === undefined ? [] : [sql<SqlBool>`devices."lotIndex" <= ${last}`]),
  ];
}
