import type { ItemCounts, ItemState, TransferState } from '../model/transfer-state.ts';
import type { DeviceFilter } from '../model/device-filter.ts';

/** Devices on their way from one account to another. */
export interface RegistryTransfer {
  /** `tr_…` */
  readonly id: string;
  /** Handle of the account that gives. */
  readonly source: string;
  /** Handle of the account that gets. */
  readonly destination: string;
  readonly state: TransferState;
  /** How many devices were offered. */
  readonly items: number;
  /** Nobody was asked. */
  readonly decidedBy?: 'standing-approval';
  readonly note?: string;
  readonly expiresAt: string;
  readonly createdAt: string;
}

/** A transfer with how many devices are in each state. */
export interface CountedTransfer extends RegistryTransfer {
  readonly counts: ItemCounts;
  /** While a decision is carried out: devices that `counts` has as decided and that it has yet to reach. */
  readonly pending?: number;
  /** Right after the request: devices of the lot or range that cannot be offered. */
  readonly leftOut?: number;
}

/** One device of a transfer. */
export interface TransferItem {
  /** `dv_…` */
  readonly deviceId: string;
  readonly serial: string;
  readonly endpointKey?: string;
  readonly model?: string;
  readonly state: ItemState;
  readonly reason?: string;
  readonly decidedAt?: string;
}

/** Devices one by one, each by one of its names; 100,000 in all at most. */
export interface ListedDevices {
  readonly ids?: readonly string[];
  readonly serials?: readonly string[];
  readonly endpointKeys?: readonly string[];
}

/** A lot's devices, from the first index to the last. */
export interface LotDevices {
  readonly lotId: string;
  readonly first?: number;
  readonly last?: number;
}

/** What a source asks for. */
export interface TransferWish {
  /** Handle of the destination. */
  readonly to: string;
  readonly devices: ListedDevices | LotDevices | { readonly query: DeviceFilter };
  /** Devices that no line has reported as built, too. */
  readonly includePlanned: boolean;
  readonly note?: string;
  /** Seconds. */
  readonly expiresIn?: number;
}

/** What a destination says. */
export type Verdict = 'accept' | 'refuse';

/** Of all that is still offered, exceptions getting the opposite; or device by device. At most 1,000 are named. */
export type TransferDecision =
  | {
      readonly default: Verdict;
      readonly except?: readonly string[];
      /** For what is refused. */
      readonly reason?: string;
    }
  | {
      readonly items: readonly {
        readonly deviceId: string;
        readonly decision: Verdict;
        readonly reason?: string;
      }[];
    };

/** Which transfers are listed. */
export interface TransferFilter {
  /** Those that the account gives, or those that it gets. */
  readonly as: 'source' | 'destination';
  readonly state?: TransferState | undefined;
  /** How many at most. */
  readonly most?: number | undefined;
}

/** An account whose devices are accepted without being asked about. */
export interface StandingApproval {
  /** Handle. */
  readonly from: string;
  readonly createdAt: string;
}

/**
 * Transfers of a registry that has them. Each call can be repeated without another effect, and throws the
 * codes of a problem document.
 */
export interface RegistryTransfers {
  request(wish: TransferWish): Promise<CountedTransfer>;
  /** The newest first, page by page. */
  list(filter: TransferFilter): AsyncIterable<readonly RegistryTransfer[]>;
  show(id: string): Promise<CountedTransfer>;
  /** In the order of device ids, page by page. */
  items(
    id: string,
    filter?: { readonly state?: ItemState | undefined; readonly most?: number | undefined },
  ): AsyncIterable<readonly TransferItem[]>;
  decide(id: string, decision: TransferDecision): Promise<CountedTransfer>;
  /** Takes back all that is still offered, or these, at most 1,000. */
  withdraw(id: string, devices?: readonly string[]): Promise<CountedTransfer>;
  /** By handle, page by page. */
  approvals(): AsyncIterable<readonly StandingApproval[]>;
  /** Accepts what this account offers from now on; what is there already stays. */
  addApproval(from: string): Promise<StandingApproval>;
  removeApproval(from: string): Promise<void>;
}
