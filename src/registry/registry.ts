import type { RegistryFleet } from './fleet.ts';
import type { RegistryMachines, RegistryPeople, RegistrySelf } from './people.ts';
import type { RegistryDevices } from './registry-devices.ts';
import type { SealedUploads } from './sealed-uploads.ts';
import type { RegistryTemplates } from './templates.ts';
import type { RegistryTransfers } from './transfers.ts';

/** The account that this session is for. */
export interface RegistryAccount {
  readonly id: string;
  readonly handle: string;
  readonly name: string;
  readonly isTest: boolean;
}

/** What else an account of keyline's own registries says of itself. */
export interface AccountDetails extends RegistryAccount {
  readonly kind: 'platform' | 'oem' | 'reseller' | 'customer';
  /** Others may offer it devices. */
  readonly isReceiving: boolean;
  /** Its account-admins need an authenticator. */
  readonly needsTotp: boolean;
  /** People may join by themselves, as end-users. */
  readonly allowsRegistration: boolean;
}

/** What of an account is to change; what is left out stays. */
export type AccountChange = Partial<
  Pick<AccountDetails, 'name' | 'isReceiving' | 'needsTotp' | 'allowsRegistration'>
>;

/** What a proof of a key must name. */
export interface KeyChallenge {
  readonly nonce: string;
  /** Handle of the account. */
  readonly account: string;
  /** The account's owner key, P-256 SPKI in base64, where the registry keeps custody chains. */
  readonly ownerKey?: string;
  readonly expiresAt: string;
}

/** What comes with the proof of a key. */
export interface NewKeyFacts {
  readonly label?: string | undefined;
  readonly delegation?: string | undefined;
}

/** Keys that belong to accounts and are proved. */
export interface KeyProofs {
  challenge(): Promise<KeyChallenge>;
  /** `proof` is a `keyline-key+jws`, `delegation` the first custody statement in base64. */
  add(proof: string, more?: NewKeyFacts): Promise<{ readonly id: string }>;
}

/**
 * A registry as the command line speaks to it. What one cannot do is a member that it does not have; a
 * command asks before it begins. Calls throw the codes of a problem document, `registry-unavailable`
 * where nobody answers, `interrupted`.
 */
export interface Registry {
  /** As the person named it, and as proofs name it. */
  readonly url: string;
  account(): Promise<RegistryAccount>;
  /** Makes a lot known; `descriptor` is a `keyline-lot+jws`. One that is known is no change. */
  addLot(descriptor: string): Promise<void>;
  readonly devices: RegistryDevices;
  readonly sealedUploads?: SealedUploads;
  readonly keyProofs?: KeyProofs;
  /** Where devices go from account to account. */
  readonly transfers?: RegistryTransfers;
  /** The account's devices, where they are and what became of them. */
  readonly fleet?: RegistryFleet;
  /** What devices are configured with. */
  readonly templates?: RegistryTemplates;
  /** Who belongs to the account: people, and machines that log in by client credentials. */
  readonly people?: RegistryPeople;
  readonly machines?: RegistryMachines;
  /** One's own password and authenticator. */
  readonly self?: RegistrySelf;
  endSession(): Promise<void>;
}
