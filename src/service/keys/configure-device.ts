import { sha256 } from '../../custody/chain.ts';
import { signConfiguration } from '../../custody/configuration.ts';
import { encodeDelivery } from '../../custody/delivery.ts';
import { fromHex, toHex, utf8 } from '../../kernel/bytes.ts';
import { canonicalJson } from '../../kernel/canonical-json.ts';
import type { EndpointKey, ProvisioningKey } from '../../model/ids.ts';
import { templateFor } from '../store/config-templates.ts';
import type { ConfigTemplate, TemplateBody } from '../store/config-templates.ts';
import type { Device } from '../store/devices.ts';
import { versionFloor } from '../store/epoch.ts';
import type { Change, Reader } from '../store/store.ts';
import { completeChain } from './custody-chain.ts';
import { fillTemplate } from './fill-template.ts';
import type { MasterKey } from './master-key.ts';
import { ensureOwnerKey, openOwnerKey } from './owner-key.ts';

/** The configuration that a device is to have, as it is named to it. */
export interface NamedConfiguration {
  readonly step: number;
  readonly version: number;
  /** SHA-256 of the COSE_Sign1, hexadecimal: what the device acknowledges. */
  readonly digest: string;
}

/** The device's newest configuration of its present owner, or undefined; with the template it came from. */
export async function currentConfiguration(
  db: Reader,
  { id, custodyStep, configStep, configVersion }: Device,
): Promise<(NamedConfiguration & { readonly templateId: string | null }) | undefined> {
  if (configStep !== custodyStep || configVersion === null) return undefined;
  const row = await db
    .selectFrom('configurations')
    .select(['digest', 'templateId'])
    .where('deviceId', '=', id)
    .where('step', '=', custodyStep)
    .where('configVersion', '=', configVersion)
    .executeTakeFirst();
  return row && { step: custodyStep, version: configVersion, ...row };
}

/** Whether its owner's template has a configuration for the device that has not been signed yet in this history. */
export async function isConfigurationDue(db: Reader, device: Device): Promise<boolean> {
  const template = await templateFor(db, device.accountId, device.model);
  if (!template) return false;
  const held = await currentConfiguration(db, device);
  return held?.templateId !== template.id || held.version <= (await versionFloor(db));
}

/**
 * Signs the device's next configuration from its owner's template, version one higher, at the first need; after a
 * restore above any that may have been signed since the backup.
 * Undefined where there is no template, or no whole custody chain: a device gets nothing that it could not
 * verify.
 */
export async function configureDevice(
  change: Change,
  masterKey: MasterKey,
  device: Device,
): Promise<NamedConfiguration | undefined> {
  const { id: deviceId, accountId, custodyStep: step } = device;
  const template = await templateFor(change.db, accountId, device.model);
  const held = await currentConfiguration(change.db, device);
  if (!template) return held;
  const floor = await versionFloor(change.db);
  if (held?.templateId === template.id && held.version > floor) return held;
  const credential = await credentialOf(change.db, deviceId);
  const chain = await completeChain(change, masterKey, { deviceId, ...credential });
  if (!chain) return held;
  await ensureOwnerKey(change, masterKey, accountId);
  const owner = await openOwnerKey(change.db, masterKey, accountId);
  if (!owner) return held;
  const version = Math.max(held?.version ?? 0, floor) + 1;
  const filled = contentOf(template, device, credential);
  const content = signConfiguration({ ...credential, step, version, ...filled }, owner);
  const digest = toHex(sha256(content));
  const row = { deviceId, step, configVersion: version, accountId, templateId: template.id };
  const made = {
    digest,
    content,
    createdAt: change.at,
    acknowledgedAt: null,
    isUnsigned: 0,
  } as const;
  await change.db
    .insertInto('configurations')
    .values({ ...row, ...made })
    .execute();
  await change.db
    .updateTable('devices')
    .set({ configStep: step, configVersion: version, version: device.version + 1 })
    .where('id', '=', deviceId)
    .execute();
  const data = { step, version };
  change.record({ accountId, type: 'configuration.signed', subject: deviceId, data });
  return { step, version, digest };
}

/** The bytes that the device gets: manufacturer key, chain and configuration; undefined for any but the newest. */
export async function deliveryFor(
  change: Change,
  masterKey: MasterKey,
  { device, version }: { readonly device: Device; readonly version: number },
): Promise<Uint8Array | undefined> {
  const { id: deviceId, custodyStep, configStep, configVersion } = device;
  if (configStep !== custodyStep || configVersion !== version) return undefined;
  const { content } = await change.db
    .selectFrom('configurations')
    .select('content')
    .where('deviceId', '=', deviceId)
    .where('step', '=', custodyStep)
    .where('configVersion', '=', version)
    .executeTakeFirstOrThrow();
  const credential = await credentialOf(change.db, deviceId);
  const chain = await completeChain(change, masterKey, { deviceId, ...credential });
  return chain && encodeDelivery({ ...chain, configuration: Uint8Array.from(content) });
}

interface Credential {
  readonly provisioningKey: ProvisioningKey;
  readonly endpointKey: EndpointKey;
}

async function credentialOf(db: Reader, deviceId: string): Promise<Credential> {
  return (await db
    .selectFrom('credentials')
    .select(['provisioningKey', 'endpointKey'])
    .where('deviceId', '=', deviceId)
    .where('isActive', '=', 1)
    .executeTakeFirstOrThrow()) as Credential;
}

function contentOf(
  template: ConfigTemplate,
  device: Device,
  { provisioningKey, endpointKey }: Credential,
): { readonly trustAnchors: readonly Uint8Array[]; readonly body: Uint8Array } {
  const { trustAnchors, values } = JSON.parse(template.body) as TemplateBody;
  const filled = fillTemplate(values, {
    ...{ deviceId: device.id, serial: device.serial, endpointKey, provisioningKey },
    ...{ lotId: device.lotId, lotIndex: String(device.lotIndex) },
  });
  return {
    trustAnchors: trustAnchors.flatMap((anchor) => fromHex(anchor) ?? []),
    body: utf8(canonicalJson(filled)),
  };
}
