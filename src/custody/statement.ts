import type { KeyObject } from 'node:crypto';
import { endpointKeyOf, idBytes, provisioningKeyOf } from '../model/ids.ts';
import type { EndpointKey, ProvisioningKey } from '../model/ids.ts';
import { bytesOf, closedMap, counterOf, decodeCbor, encodeCbor } from './cbor.ts';
import type { CborValue } from './cbor.ts';
import { coseKeyOf, spkiOfCoseKey } from './cose-key.ts';
import { parseSign1, signSign1 } from './cose-sign1.ts';
import type { Sign1 } from './cose-sign1.ts';
import { refusedCustody } from './custody-error.ts';

/** Members of a statement's map. */
const KP = 1;
const OWNER = 2;
const STEP = 3;
const EK = 4;
const PREVIOUS = 5;

/** The manufacturer gives all devices of a provisioning key to their first owner. */
export interface FirstStatement {
  readonly provisioningKey: ProvisioningKey;
  /** The owner's P-256 key, 91 bytes of SPKI. */
  readonly owner: Uint8Array;
}

/** An owner gives one device on to the next. */
export interface NextStatement extends FirstStatement {
  /** 1 for the first transfer, and one more for each. */
  readonly step: number;
  readonly endpointKey: EndpointKey;
  /** SHA-256 of the statement before, as it was signed. */
  readonly previous: Uint8Array;
}

/** A statement that was read; its signature is the chain's to check. */
export type ReadStatement = (
  (FirstStatement & { readonly step: 0 }) | (NextStatement & { readonly step: number })
) & { readonly signed: Sign1 };

/** The first statement of a provisioning key's devices, signed by the manufacturer key. */
export function signFirstStatement(statement: FirstStatement, manufacturer: KeyObject): Uint8Array {
  return signSign1(encodeCbor(new Map(common(statement, 0))), manufacturer);
}

/** The statement by which `owner`, until now the owner, gives one device on. */
export function signNextStatement(statement: NextStatement, owner: KeyObject): Uint8Array {
  const members: [number, CborValue][] = [
    ...common(statement, statement.step),
    [EK, idBytes(statement.endpointKey)],
    [PREVIOUS, statement.previous],
  ];
  return signSign1(encodeCbor(new Map(members)), owner);
}

/** Reads a statement of either form. Throws `custody-invalid` (malformed). */
export function parseStatement(bytes: Uint8Array): ReadStatement {
  const signed = parseSign1(bytes);
  const value = decodeCbor(signed.payload);
  const first = closedMap(value, [KP, OWNER, STEP]);
  const map = first ?? closedMap(value, [KP, OWNER, STEP, EK, PREVIOUS]);
  const kp = bytesOf(map?.get(KP), 16);
  const owner = spkiOfCoseKey(map?.get(OWNER));
  if (map && kp && owner) {
    const provisioningKey = provisioningKeyOf(kp);
    if (first) {
      if (first.get(STEP) === 0) return { provisioningKey, owner, step: 0, signed };
    } else {
      const step = counterOf(map.get(STEP), 1);
      const ek = bytesOf(map.get(EK), 16);
      const previous = bytesOf(map.get(PREVIOUS), 32);
      if (step !== undefined && ek && previous) {
        return { provisioningKey, owner, step, endpointKey: endpointKeyOf(ek), previous, signed };
      }
    }
  }
  throw refusedCustody('malformed', 'it is no custody statement');
}

function common({ provisioningKey, owner }: FirstStatement, step: number): [number, CborValue][] {
  return [
    [KP, idBytes(provisioningKey)],
    [OWNER, coseKeyOf(owner)],
    [STEP, step],
  ];
}
