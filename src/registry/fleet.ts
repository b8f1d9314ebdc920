import type { DeviceFilter } from '../model/device-filter.ts';
import type { Enrollment, Provisioning } from '../model/device-state.ts';
import type { EscrowCounts, EscrowState } from '../model/escrow.ts';

/** A device of the account. */
export interface FleetDevice {
  /** `dv_…` */
  readonly id: string;
  readonly serial: string;
  readonly endpointKey: string;
  readonly provisioningKey: string;
  readonly lotId: string;
  readonly lotIndex: number;
  readonly model?: string;
  readonly provisioning: Provisioning;
  readonly enrollment: Enrollment;
  readonly escrow: EscrowState;
  /** The transfer that offers it. */
  readonly transferId?: string;
  /** What was seen of it that should not be. */
  readonly mark?: string;
  readonly hardwareId?: string;
  readonly firmware?: string;
  readonly lastSeenAt?: string;
  readonly createdAt: string;
}

/** A configuration by the custody step that it is for, and its version. */
export interface ConfiguredVersion {
  readonly step: number;
  readonly version: number;
}

/** One device with what it went through. */
export interface FleetDeviceDetails extends FleetDevice {
  readonly scheme: string;
  /** Captures of the line; not shown to everyone. */
  readonly attributes?: Readonly<Record<string, string>>;
  /** Transfers that it went through. */
  readonly custodyStep: number;
  /** Handles. */
  readonly custody: readonly {
    readonly step: number;
    readonly from: string;
    readonly to: string;
    readonly at: string;
  }[];
  readonly configured?: ConfiguredVersion;
  readonly acknowledged?: ConfiguredVersion;
}

/** An entry of the account's feed. */
export interface RegistryEvent {
  /** Its place: the last one of a reading is where the next begins. */
  readonly id: string;
  readonly type: string;
  /** What it is about: an id. */
  readonly subject: string;
  readonly at: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** What an account decides of a device. */
export type FleetMove = 'quarantine' | 'release' | 'retire';
export type EscrowMove = 'cancel' | 'restore';

/** A lot that the account registered. */
export interface RegistryLot {
  /** `kl_…` */
  readonly id: string;
  readonly code: string;
}

/** How many rows of a list at most. */
export interface Most {
  readonly most?: number | undefined;
}

/** Where a reading of the feed begins, and of which device. */
export interface EventFilter {
  /** Of an event; from the beginning unless given. */
  readonly after?: string | undefined;
  /** Id, serial or endpoint key; everything unless given. */
  readonly device?: string | undefined;
}

/**
 * An account's devices in a registry that keeps them. A device is named by its id, serial or endpoint key.
 * Each call can be repeated without another effect, and throws the codes of a problem document.
 */
export interface RegistryFleet {
  /** By serial, or by index where `lotId` is given; page by page. */
  list(filter: DeviceFilter & Most): AsyncIterable<readonly FleetDevice[]>;
  show(device: string): Promise<FleetDeviceDetails>;
  /** The account's lots with this code, page by page; devices of others came from other accounts. */
  lots(code: string): AsyncIterable<readonly RegistryLot[]>;
  /** Whatever else changes meanwhile: it is asked for again. */
  move(device: string, move: FleetMove): Promise<FleetDevice>;
  /** The same without those that are retired. */
  listEscrow(filter: DeviceFilter & Most): AsyncIterable<readonly FleetDevice[]>;
  countEscrow(filter: DeviceFilter): Promise<EscrowCounts>;
  showEscrow(device: string): Promise<FleetDevice>;
  moveEscrow(device: string, move: EscrowMove): Promise<FleetDevice>;
  /** The oldest first, page by page, up to what there is now. */
  events(filter: EventFilter): AsyncIterable<readonly RegistryEvent[]>;
  /** What comes after that event, as it happens, until the session's signal fires. */
  followEvents(after: string): AsyncIterable<RegistryEvent>;
}
