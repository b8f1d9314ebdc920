import { changeJson, getJson, postJson } from './http-calls.ts';
import { send } from './http-client.ts';
import type { HttpSession } from './http-client.ts';
import { HttpDevices } from './http-devices.ts';
import { HttpFleet } from './http-fleet.ts';
import { HttpMachines } from './http-machines.ts';
import { HttpPeople } from './http-people.ts';
import { HttpSelf } from './http-self.ts';
import { HttpTemplates } from './http-templates.ts';
import { HttpTransfers } from './http-transfers.ts';
import { HttpUploads } from './http-uploads.ts';
import type { Invitation, NewAccount, RegistryMember } from './people.ts';
import type { AccountChange, AccountDetails, KeyProofs, Registry } from './registry.ts';

/** Who a token says one is. */
export interface RegistryIdentity {
  readonly id: string;
  readonly kind: 'user' | 'system';
  readonly login?: string;
  readonly name: string;
  readonly accountId: string;
  readonly hasTotp: boolean;
  /** Until then the roles grant nothing. */
  readonly mustEnrolTotp: boolean;
  readonly accounts: readonly {
    readonly id: string;
    readonly handle: string;
    readonly roles: readonly string[];
  }[];
}

const ACCOUNT = '/v1/account';

/** A registry of keyline's own by its HTTP interface. */
export class HttpRegistry implements Registry {
  readonly devices: HttpDevices;
  readonly sealedUploads: HttpUploads;
  readonly keyProofs: KeyProofs;
  readonly transfers: HttpTransfers;
  readonly fleet: HttpFleet;
  readonly templates: HttpTemplates;
  readonly people: HttpPeople;
  readonly machines: HttpMachines;
  readonly self: HttpSelf;
  readonly #session: HttpSession;

  constructor(session: HttpSession) {
    this.#session = session;
    this.devices = new HttpDevices(session);
    this.sealedUploads = new HttpUploads(session);
    this.transfers = new HttpTransfers(session);
    this.fleet = new HttpFleet(session);
    this.templates = new HttpTemplates(session);
    this.people = new HttpPeople(session);
    this.machines = new HttpMachines(session);
    this.self = new HttpSelf(session);
    this.keyProofs = {
      challenge: () => postJson(session, '/v1/provisioning-keys/nonce'),
      add: (proof, more = {}) => postJson(session, '/v1/provisioning-keys', { proof, ...more }),
    };
  }

  get url(): string {
    return this.#session.url;
  }

  identity(): Promise<RegistryIdentity> {
    return getJson(this.#session, '/v1/me');
  }

  account(): Promise<AccountDetails> {
    return getJson(this.#session, ACCOUNT);
  }

  /** Changes the account as `wish` says of what it is then. */
  changeAccount(
    wish: (account: AccountDetails) => AccountChange | undefined,
  ): Promise<AccountDetails> {
    return changeJson(this.#session, ACCOUNT, wish);
  }

  /** Makes an account and invites its first admin; only the platform may. */
  createAccount(wanted: NewAccount): Promise<{
    readonly account: AccountDetails;
    readonly admin: RegistryMember;
    readonly invitation: Invitation;
  }> {
    return postJson(this.#session, '/v1/accounts', wanted);
  }

  /** Invites the first admin of an account once more, who has not chosen a password yet; only the platform may. */
  inviteAdmin(account: string): Promise<{
    readonly admin: RegistryMember;
    readonly invitation: Invitation;
  }> {
    return postJson(this.#session, '/v1/accounts/invitations', { account });
  }

  async addLot(descriptor: string): Promise<void> {
    await postJson(this.#session, '/v1/lots', { descriptor });
  }

  async endSession(): Promise<void> {
    await send(this.#session, { method: 'DELETE', path: '/v1/token' });
  }
}
