import { acceptConfiguration } from '../../../custody/configuration.ts';
import type { Configuration, HeldConfiguration } from '../../../custody/configuration.ts';
import { refusedCustody } from '../../../custody/custody-error.ts';
import { parseDelivery } from '../../../custody/delivery.ts';
import { parseStatement } from '../../../custody/statement.ts';
import { equalBytes, toHex } from '../../../kernel/bytes.ts';
import { commit } from '../../../model/hierarchy.ts';
import { idBytes } from '../../../model/ids.ts';
import type { NamedConfiguration } from './device-wire.ts';
import type { OwnCredential } from './own-credential.ts';

/** A configuration that a device may follow, and what it acknowledges. */
export interface VerifiedConfiguration {
  readonly configuration: Configuration;
  /** SHA-256 of the signed configuration, hexadecimal. */
  readonly digest: string;
  /** How many statements lead from the manufacturer to its signer. */
  readonly owners: number;
}

/**
 * Verifies what a registry delivered as the device does that trusts nobody but its custody anchor: the
 * chain up to it, the present owner's signature, that both are this device's and newer than what it
 * holds. It has not been told its provisioning key: that of the chain must be the one that its endpoint
 * key commits to. Throws `custody-invalid`, and nothing may then be changed.
 */
export function verifyDelivery(
  { endpointKey, proofs, custodyAnchor: trustAnchor }: OwnCredential,
  bytes: Uint8Array,
  before: {
    readonly held?: HeldConfiguration | undefined;
    /** What the registry said that this would be. */
    readonly named?: NamedConfiguration;
  } = {},
): VerifiedConfiguration {
  const { held, named } = before;
  const delivery = parseDelivery(bytes);
  const [first] = delivery.statements;
  if (!first) throw refusedCustody('malformed', 'the chain has no statement');
  const { provisioningKey } = parseStatement(first);
  const device = { provisioningKey, endpointKey, trustAnchor };
  const accepted = acceptConfiguration(device, delivery, held);
  const isOwn = proofs.some(({ committed }) =>
    equalBytes(commit(provisioningKey, committed), idBytes(endpointKey)),
  );
  if (!isOwn) {
    throw refusedCustody('foreign', 'its endpoint key is of another provisioning key');
  }
  const { configuration } = accepted;
  const digest = toHex(accepted.digest);
  const isNamed =
    !named ||
    (named.digest === digest &&
      named.step === configuration.step &&
      named.version === configuration.version);
  if (!isNamed) throw refusedCustody('digest', 'the registry had named another configuration');
  return { configuration, digest, owners: delivery.statements.length };
}
