import { groupBy } from '../../kernel/group-by.ts';
import type { Device } from './devices.ts';
import type { Change, Reader } from './store.ts';

/** The configuration that a device is to have, as it is named to it, with the template it came from. */
export interface HeldConfiguration {
  readonly step: number;
  readonly version: number;
  /** SHA-256 of the COSE_Sign1, hexadecimal: what the device acknowledges. */
  readonly digest: string;
  readonly templateId: string | null;
}

/** One that was signed just now for a device that is held. */
export interface NewConfiguration extends HeldConfiguration {
  readonly device: Device;
  /** COSE_Sign1. */
  readonly content: Uint8Array;
}

/** The newest configurations of the devices' present owners, by device; one that has none is left out. */
export async function currentConfigurations(
  db: Reader,
  devices: readonly Device[],
): Promise<ReadonlyMap<string, HeldConfiguration>> {
  const ids = devices
    .filter(({ configStep, custodyStep }) => configStep === custodyStep)
    .map(({ id }) => id);
  if (ids.length === 0) return new Map();
  const rows = await db
    .selectFrom('devices as d')
    .innerJoin('configurations as c', (join) =>
      join
        .onRef('c.deviceId', '=', 'd.id')
        .onRef('c.step', '=', 'd.custodyStep')
        .onRef('c.configVersion', '=', 'd.configVersion'),
    )
    .select(['d.id', 'c.step', 'c.configVersion as version', 'c.digest', 'c.templateId'])
    .where('d.id', 'in', ids)
    .whereRef('d.configStep', '=', 'd.custodyStep')
    .execute();
  return new Map(rows.map(({ id, ...held }) => [id, held]));
}

/** The COSE_Sign1 of one that is there. */
export async function readConfiguration(
  db: Reader,
  of: { readonly deviceId: string; readonly step: number; readonly version: number },
): Promise<Uint8Array> {
  const { content } = await db
    .selectFrom('configurations')
    .select('content')
    .where('deviceId', '=', of.deviceId)
    .where('step', '=', of.step)
    .where('configVersion', '=', of.version)
    .executeTakeFirstOrThrow();
  return Uint8Array.from(content);
}

/** Makes each its device's newest, in a statement for all and one for those that get the same version. */
export async function keepConfigurations(
  change: Change,
  made: readonly NewConfiguration[],
): Promise<void> {
  if (made.length === 0) return;
  const rows = made.map(({ device, step, version, digest, content, templateId }) => ({
    ...{ deviceId: device.id, step, configVersion: version, accountId: device.accountId },
    ...{ templateId, digest, content, createdAt: change.at, acknowledgedAt: null },
    isUnsigned: 0 as const,
  }));
  await change.db.insertInto('configurations').values(rows).execute();
  for (const [configVersion, alike] of groupBy(made, ({ version }) => version)) {
    await change.db
      .updateTable('devices')
      .set((eb) => ({
        ...{ configStep: eb.ref('custodyStep'), configVersion },
        version: eb('version', '+', 1),
      }))
      .where(
        'id',
        'in',
        alike.map(({ device }) => device.id),
      )
      .execute();
  }
  for (const { device, step, version } of made) {
    const { accountId, id: subject } = device;
    change.record({
      accountId,
      type: 'configuration.signed',
      subject,
      data: { step, version },
    });
  }
}
