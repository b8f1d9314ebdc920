import { sha256 } from '../../custody/chain.ts';
import { signConfiguration } from '../../custody/configuration.ts';
import { encodeDelivery } from '../../custody/delivery.ts';
import { fromHex, toHex, utf8 } from '../../kernel/bytes.ts';
import { canonicalJson } from '../../kernel/canonical-json.ts';
import { templatesFor } from '../store/config-templates.ts';
import type { ConfigTemplate, TemplateBody } from '../store/config-templates.ts';
import {
  currentConfigurations,
  keepConfigurations,
  readConfiguration,
} from '../store/configurations.ts';
import type { HeldConfiguration, NewConfiguration } from '../store/configurations.ts';
import { activeCredentials } from '../store/credentials.ts';
import type { Device } from '../store/devices.ts';
import { versionFloor } from '../store/epoch.ts';
import type { Change, Reader } from '../store/store.ts';
import { completeChains } from './custody-chain.ts';
import type { ChainedDevice } from './custody-chain.ts';
import { fillTemplate } from './fill-template.ts';
import type { MasterKey } from './master-key.ts';
import { OpenedKeys } from './opened-keys.ts';

/** What devices are to have, as far as it has been signed, and those for which another is due. */
export interface Standing {
  readonly held: ReadonlyMap<string, HeldConfiguration>;
  readonly due: readonly Device[];
  /** Of those that are due, by device. */
  readonly templates: ReadonlyMap<string, ConfigTemplate>;
  readonly floor: number;
}

/** Whose template has a configuration that has not been signed yet in this history, and what the others have. */
export async function standingOf(db: Reader, devices: readonly Device[]): Promise<Standing> {
  const templates = await templatesFor(db, devices);
  const held = await currentConfigurations(db, devices);
  const floor = await versionFloor(db);
  const due = devices.filter(({ id, isCancelled }) => {
    const template = templates.get(id);
    if (!template || isCancelled === 1) return false;
    const has = held.get(id);
    return has?.templateId !== template.id || has.version <= floor;
  });
  return { held, due, templates, floor };
}

/**
 * Signs the devices' next configurations from their owners' templates, each version one higher, at the first need;
 * after a restore above any that may have been signed since the backup. Resolves to what each has then, by device;
 * one without a template or a whole custody chain keeps what it has: it gets nothing that it could not verify.
 * The devices are held (`lockDevices`).
 */
export async function configureDevices(
  change: Change,
  masterKey: MasterKey,
  devices: readonly Device[],
): Promise<ReadonlyMap<string, HeldConfiguration>> {
  const { held, due, templates, floor } = await standingOf(change.db, devices);
  const keys = new OpenedKeys(change, masterKey);
  const credentials = await activeCredentials(change.db, due);
  const chains = await completeChains(change, keys, [...credentials.values()]);
  const made: NewConfiguration[] = [];
  for (const device of due) {
    const [template, credential] = [templates.get(device.id), credentials.get(device.id)];
    if (!template || !credential || !chains.has(device.id)) continue;
    const { accountId, custodyStep: step } = device;
    await keys.ensure(accountId);
    const owner = await keys.open(accountId);
    if (!owner) continue;
    const version = Math.max(held.get(device.id)?.version ?? 0, floor) + 1;
    const filled = contentOf(template, device, credential);
    const content = signConfiguration({ ...credential, step, version, ...filled }, owner);
    const digest = toHex(sha256(content));
    made.push({ device, step, version, digest, content, templateId: template.id });
  }
  await keepConfigurations(change, made);
  return new Map([...held, ...made.map((one) => [one.device.id, one] as const)]);
}

/** The bytes that the device gets: manufacturer key, chain and configuration; undefined for any but the newest. */
export async function deliveryFor(
  change: Change,
  masterKey: MasterKey,
  { device, version }: { readonly device: Device; readonly version: number },
): Promise<Uint8Array | undefined> {
  const { id, custodyStep: step, configStep, configVersion } = device;
  if (configStep !== step || configVersion !== version) return undefined;
  const configuration = await readConfiguration(change.db, { deviceId: id, step, version });
  const credentials = await activeCredentials(change.db, [device]);
  const keys = new OpenedKeys(change, masterKey);
  const chain = (await completeChains(change, keys, [...credentials.values()])).get(id);
  return chain && encodeDelivery({ ...chain, configuration });
}

function contentOf(
  template: ConfigTemplate,
  device: Device,
  { provisioningKey, endpointKey }: ChainedDevice,
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
