import type { Role } from '../model/role.ts';

/** Whether a member may log in. */
export type MemberState = 'active' | 'disabled';

/** A person or a machine with roles in the account. */
export interface RegistryMember {
  /** `pr_…`; of a machine it is the client id. */
  readonly id: string;
  readonly kind: 'user' | 'system';
  /** Of a person: its log-in name. */
  readonly login?: string;
  readonly name: string;
  readonly roles: readonly Role[];
  readonly state: MemberState;
  /** This account vouches for it. */
  readonly isHome: boolean;
  readonly hasTotp: boolean;
  /** Of a station: ids of the lots that it was given. */
  readonly lots?: readonly string[];
  readonly createdAt: string;
}

/** What a member is to be; what is left out stays as it is. */
export interface MemberChange {
  readonly name?: string;
  /** In place of those that it has; none at all end its membership. */
  readonly roles?: readonly Role[];
  readonly state?: MemberState;
  /** In place of those that the station has. */
  readonly lots?: readonly string[];
  /** Takes a lost authenticator away. */
  readonly hasTotp?: false;
}

/** Lets a person choose a password, once; the token is a secret. */
export interface Invitation {
  /** `kr_…` */
  readonly token: string;
  readonly expiresAt: string;
}

/** What a machine logs in with; the secret is shown once. */
export interface ClientCredentials {
  /** `pr_…` */
  readonly clientId: string;
  /** `kc_…` */
  readonly clientSecret: string;
}

/** Who a person is to be. */
export interface NewPerson {
  /** Unique in the registry. */
  readonly login: string;
  readonly name: string;
}

/** What an account is to be, and its first admin. */
export interface NewAccount {
  readonly handle: string;
  readonly name: string;
  readonly kind: 'oem' | 'reseller' | 'customer';
  /** Takes test keys, and no others. */
  readonly isTest: boolean;
  readonly admin: NewPerson;
}

/** A person who joins an account by itself. */
export interface Joining extends NewPerson {
  /** Handle. */
  readonly account: string;
  readonly password: string;
}

/** What an authenticator is to hold; shown once. */
export interface AuthenticatorSecret {
  /** Base32, to be typed. */
  readonly secret: string;
  /** `otpauth://…`, for a QR code. */
  readonly uri: string;
}

/** One's own way in: of the person that the session is for. */
export interface RegistrySelf {
  /** Another secret each time, which counts for nothing until a code of it confirms it. Throws `state-conflict`. */
  beginTotp(): Promise<AuthenticatorSecret>;
  /** Throws `unauthenticated` for a wrong code, as `removeTotp` does. */
  confirmTotp(code: string): Promise<void>;
  removeTotp(code: string): Promise<void>;
  /** Every token of the person ends. Throws `unauthenticated` for a wrong `password`. */
  changePassword(password: string, newPassword: string): Promise<void>;
}

/** Members of one kind of the account. */
export interface RegistryMembers {
  /** By id, page by page. */
  list(): AsyncIterable<readonly RegistryMember[]>;
  show(id: string): Promise<RegistryMember>;
  /**
   * Changes what `wish` says of the member as it is then, or nothing where it says nothing; asked again where
   * somebody else changed it meanwhile. Disabling ends the member's tokens.
   */
  change(
    id: string,
    wish: (member: RegistryMember) => MemberChange | undefined,
  ): Promise<RegistryMember>;
}

/** The people of the account. */
export interface RegistryPeople extends RegistryMembers {
  invite(
    person: NewPerson & { readonly roles: readonly Role[] },
  ): Promise<{ readonly user: RegistryMember; readonly invitation: Invitation }>;
  /** Roles here for a person of another account. Throws `object-unknown`, `state-conflict`. */
  admit(person: {
    readonly login: string;
    readonly roles: readonly Role[];
  }): Promise<RegistryMember>;
  /** For who lost the password; invitations and resets of before serve no more. */
  reset(id: string): Promise<Invitation>;
}

/** The machines of the account. */
export interface RegistryMachines extends RegistryMembers {
  add(machine: {
    readonly name: string;
    readonly roles: readonly Role[];
    /** Ids of lots that a station is given. */
    readonly lots?: readonly string[];
  }): Promise<ClientCredentials>;
  /** Another secret; the old one and its tokens end at once. */
  rotate(id: string): Promise<ClientCredentials>;
}
