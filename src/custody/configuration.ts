import type { KeyObject } from 'node:crypto';
import { endpointKeyOf, idBytes, provisioningKeyOf } from '../model/ids.ts';
import type { EndpointKey, ProvisioningKey } from '../model/ids.ts';
import { bytesOf, closedMap, counterOf, decodeCbor, encodeCbor } from './cbor.ts';
import type { CborValue } from './cbor.ts';
import { sha256, walkChain } from './chain.ts';
import type { CustodyDevice } from './chain.ts';
import { isSignedBy, parseSign1, signSign1 } from './cose-sign1.ts';
import { refusedCustody } from './custody-error.ts';
import type { Delivery } from './delivery.ts';

const KP = 1;
const EK = 2;
const STEP = 3;
const VERSION = 4;
const ANCHORS = 5;
const BODY = 6;

/** What a device gets from its owner. */
export interface Configuration {
  readonly provisioningKey: ProvisioningKey;
  readonly endpointKey: EndpointKey;
  /** Of the owner in the custody chain. */
  readonly step: number;
  /** 1, 2, 3 … within a step. */
  readonly version: number;
  /** SHA-256 digests of public keys (SPKI) that the device is to trust from now on, such as for technicians. */
  readonly trustAnchors: readonly Uint8Array[];
  /** The owner's own business; JSON unless owner and device agreed on something else. */
  readonly body: Uint8Array;
}

/** Which configuration a device holds. */
export interface HeldConfiguration {
  readonly step: number;
  readonly version: number;
}

/** Signs a configuration with the present owner's P-256 key, as COSE_Sign1. */
export function signConfiguration(configuration: Configuration, owner: KeyObject): Uint8Array {
  const { provisioningKey, endpointKey, step, version, trustAnchors, body } = configuration;
  const members: [number, CborValue][] = [
    [KP, idBytes(provisioningKey)],
    [EK, idBytes(endpointKey)],
    [STEP, step],
    [VERSION, version],
    [ANCHORS, trustAnchors],
    [BODY, body],
  ];
  return signSign1(encodeCbor(new Map(members)), owner);
}

/**
 * Verifies a delivery as its device does: anchor, every statement, the owner's signature, that it is
 * this device's, of the present owner's step, and newer than what is held. Returns the configuration
 * and the digest to acknowledge. Throws `custody-invalid`, and nothing may then be changed.
 */
export function acceptConfiguration(
  device: CustodyDevice,
  delivery: Delivery,
  held: HeldConfiguration | undefined,
): { readonly configuration: Configuration; readonly digest: Uint8Array } {
  const { owner, step } = walkChain(device, delivery.manufacturer, delivery.statements);
  const signed = parseSign1(delivery.configuration);
  if (!isSignedBy(signed, owner)) {
    throw refusedCustody('signature', 'the configuration is not signed by the present owner');
  }
  const configuration = parseConfiguration(signed.payload);
  if (
    configuration.provisioningKey !== device.provisioningKey ||
    configuration.endpointKey !== device.endpointKey
  ) {
    throw refusedCustody('foreign', 'the configuration is of another device');
  }
  if (configuration.step !== step) {
    throw refusedCustody('step', `the configuration is of step ${configuration.step}, not ${step}`);
  }
  if (held && !isNewer(configuration, held)) {
    throw refusedCustody(
      'not-newer',
      `the device holds version ${held.version} of step ${held.step} already`,
    );
  }
  return { configuration, digest: sha256(delivery.configuration) };
}

function isNewer(next: HeldConfiguration, held: HeldConfiguration): boolean {
  return next.step > held.step || (next.step === held.step && next.version > held.version);
}

function parseConfiguration(payload: Uint8Array): Configuration {
  const map = closedMap(decodeCbor(payload), [KP, EK, STEP, VERSION, ANCHORS, BODY]);
  const kp = bytesOf(map?.get(KP), 16);
  const ek = bytesOf(map?.get(EK), 16);
  const step = counterOf(map?.get(STEP));
  const version = counterOf(map?.get(VERSION), 1);
  const anchors = map?.get(ANCHORS);
  const body = map?.get(BODY);
  const isWhole = kp && ek && step !== undefined && version !== undefined;
  if (isWhole && Array.isArray(anchors) && body instanceof Uint8Array) {
    const trustAnchors = anchors.flatMap((anchor) => bytesOf(anchor, 32) ?? []);
    if (trustAnchors.length === anchors.length) {
      const [provisioningKey, endpointKey] = [provisioningKeyOf(kp), endpointKeyOf(ek)];
      return { provisioningKey, endpointKey, step, version, trustAnchors, body };
    }
  }
  throw refusedCustody('malformed', 'it is no configuration');
}
