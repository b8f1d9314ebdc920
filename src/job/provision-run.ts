import type { Driver } from '../device/driver.ts';
import { createModelCheck } from '../device/expected-model.ts';
import type { DeviceProfile } from '../device/profile-model.ts';
import { createValueRenderer } from '../device/values.ts';
import type { ValueRenderer } from '../device/values.ts';
import type { WireEntry } from '../device/wire-log.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { FailureCode } from '../model/failure.ts';
import type { EndpointKey } from '../model/ids.ts';
import type { EventContext } from '../model/ledger-event.ts';
import type { Evidence } from '../device/driver.ts';
import type { Range } from '../model/range.ts';
import type { AfterPass } from './after-pass.ts';
import type { DeviceSession } from './device-session.ts';
import type { LiveDevice } from './live-devices.ts';
import type { OpenLot } from './open-lot.ts';
import type { PassLabels } from './pass-label.ts';

/** What all devices of a run have in common; everything in it is the run's. */
export interface ProvisionRun {
  readonly open: Pick<OpenLot, 'lot' | 'secrets'> & Partial<OpenLot>;
  readonly profile: DeviceProfile;
  readonly renderer: ValueRenderer;
  /** Throws DeviceFailure `wrong-product`; undefined where the profile expects nothing. */
  readonly checkModel: ((reported: string) => void) | undefined;
  readonly ledger: Ledger;
  /** Of the station. */
  readonly station: string;
  /** Jig, operator, order and profile, as every event has them. */
  readonly context: EventContext;
  /** Only units of these; all that were admitted unless given. */
  readonly ranges?: readonly Range[] | undefined;
  readonly afterPass?: AfterPass | undefined;
  /** Prints the label of each unit that was verified. */
  readonly labels?: PassLabels | undefined;
  /** Why a credential that is not this ledger's may be overwritten. */
  readonly overwrite?: string | undefined;
  /** `verify`: nothing is ever written to a device, and no unit is reserved. */
  readonly mode: 'provision' | 'verify';
}

/** The steps that a person sees. */
export type UnitStep =
  'identify' | 'inspect' | 'reserve' | 'write' | 'verify' | 'record' | 'label' | 'scan' | 'hook';

/** One device in its slot. */
export interface SlotDevice {
  readonly driver: Driver;
  readonly session: DeviceSession;
  /** Such as `3`. */
  readonly slot?: string | undefined;
  /** Stops a unit until it is written; from then on it is finished, each of its waits having a deadline. */
  readonly signal: AbortSignal;
  /** The board's barcode: its id where the profile takes that from a scan, else a capture, `board`. */
  readonly scannedId?: string | undefined;
  /** Has the label of the unit with this serial scanned back. Throws `interrupted`, `scanner-gone`. */
  readonly scanLabel?: ((serial: string) => Promise<string>) | undefined;
  /** Takes note that this device stands in the slot, until it has left. Throws DeviceFailure `duplicate-id`. */
  readonly arrived: (hardwareId: string) => LiveDevice;
  readonly onStep?: ((step: UnitStep) => void) | undefined;
  /** Takes what goes over the line, secrets masked. */
  readonly onWire?: ((entry: WireEntry) => void) | undefined;
}

/** What is known of a device whatever came of it. */
interface Handled {
  readonly hardwareId?: string | undefined;
  readonly index?: number | undefined;
  readonly serial?: string | undefined;
  readonly attempt?: number | undefined;
}

/** A device that holds its own credential, verified, on record. */
export interface PassedUnit extends Handled {
  readonly ok: true;
  /** `checked`: it had passed before, and is not counted again. */
  readonly kind: 'written' | 'verified' | 'adopted' | 'checked';
  readonly hardwareId: string;
  readonly index: number;
  readonly serial: string;
  readonly endpointKey: EndpointKey;
  readonly attempt: number;
  readonly evidence: Evidence;
}

/** A device that failed: a code and a reason, and what is on record of it. */
export interface FailedUnit extends Handled {
  readonly ok: false;
  readonly code: FailureCode;
  readonly reason: string;
  readonly step: UnitStep;
}
export type Outcome = PassedUnit | FailedUnit;

/** Makes what a run has in common. Throws `invalid-columns`, and `usage` where the lot lacks what the profile asks for. */
export function provisionRun(
  parts: Omit<ProvisionRun, 'renderer' | 'checkModel'> & {
    readonly trustAnchor?: readonly Uint8Array[] | undefined;
  },
): ProvisionRun {
  const { trustAnchor, ...run } = parts;
  const { profile, open } = run;
  const renderer = createValueRenderer(profile, {
    lot: open.lot,
    ...(trustAnchor && { trustAnchor }),
  });
  const checkModel = profile.expect && createModelCheck(profile.expect.model, open.lot.model);
  const context = { ...run.context, profileDigest: profile.digest };
  return { ...run, context, renderer, checkModel };
}
