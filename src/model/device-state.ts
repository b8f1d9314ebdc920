/** What the line reported of a device's credential. */
export const PROVISIONING_STATES = ['planned', 'verified', 'failed', 'scrapped'] as const;
export type Provisioning = (typeof PROVISIONING_STATES)[number];

/** What the registry makes of the device. */
export const ENROLLMENT_STATES = ['pending', 'enrolled', 'quarantined', 'retired'] as const;
export type Enrollment = (typeof ENROLLMENT_STATES)[number];

/** Both together: provisioning is not enrollment, and some pairs of them cannot be. */
export interface DeviceState {
  readonly provisioning: Provisioning;
  readonly enrollment: Enrollment;
}

/**
 * What moves a device. `verified`, `failed` and `scrapped` are reports of the line; `proved` is the
 * device's own proof of its credential; `rejoined` and `moved` bring it back to `pending`, out of
 * quarantine or into the next owner's account; the rest is an account's decision.
 */
export const DEVICE_MOVES = [
  'verified',
  'failed',
  'scrapped',
  'proved',
  'moved',
  'quarantined',
  'rejoined',
  'retired',
] as const;
export type DeviceMove = (typeof DEVICE_MOVES)[number];

/**
 * Every pair that is allowed. A planned device may have enrolled, because a line's report can come
 * late or never (`unreported-build`); one that failed or was scrapped proves nothing, so it is held back
 * or gone.
 */
const ALLOWED: Readonly<Record<Provisioning, readonly Enrollment[]>> = {
  planned: ['pending', 'enrolled', 'quarantined', 'retired'],
  verified: ['pending', 'enrolled', 'quarantined', 'retired'],
  failed: ['pending', 'quarantined', 'retired'],
  scrapped: ['retired'],
};

const REPORTS: Readonly<Record<Provisioning, readonly Provisioning[]>> = {
  planned: ['verified', 'failed', 'scrapped'],
  verified: ['failed', 'scrapped'],
  failed: ['verified', 'scrapped'],
  scrapped: [],
};

const ENROLLMENT: Readonly<Record<Enrollment, Readonly<Partial<Record<DeviceMove, Enrollment>>>>> =
  {
    pending: {
      proved: 'enrolled',
      moved: 'pending',
      quarantined: 'quarantined',
      retired: 'retired',
    },
    enrolled: {
      proved: 'enrolled',
      moved: 'pending',
      quarantined: 'quarantined',
      retired: 'retired',
    },
    quarantined: { quarantined: 'quarantined', rejoined: 'pending', retired: 'retired' },
    retired: { retired: 'retired' },
  };

/** Whether a device can be in this state. */
export function isAllowed({ provisioning, enrollment }: DeviceState): boolean {
  return ALLOWED[provisioning].includes(enrollment);
}

/**
 * The state after `move`, the same where it changes nothing, or undefined where it is not allowed. A
 * report of failure takes an enrolled device back to `pending`; a scrapped one is retired with it.
 */
export function nextDeviceState(state: DeviceState, move: DeviceMove): DeviceState | undefined {
  switch (move) {
    case 'verified':
    case 'failed':
    case 'scrapped':
      return reported(state, move);
    default: {
      const enrollment = ENROLLMENT[state.enrollment][move];
      if (enrollment === undefined) return undefined;
      const next = { ...state, enrollment };
      return isAllowed(next) ? next : undefined;
    }
  }
}

function reported(state: DeviceState, report: Provisioning): DeviceState | undefined {
  if (state.provisioning === report) return state;
  if (!REPORTS[state.provisioning].includes(report)) return undefined;
  if (report === 'scrapped') return { provisioning: report, enrollment: 'retired' };
  const { enrollment } = state;
  const heldBack = report === 'failed' && enrollment === 'enrolled';
  return { provisioning: report, enrollment: heldBack ? 'pending' : enrollment };
}

/** Whether the device can be offered to another account; a planned one only where that was said. */
export function mayBeOffered(
  { provisioning, enrollment }: DeviceState,
  includePlanned: boolean,
): boolean {
  const built = provisioning === 'verified' || (includePlanned && provisioning === 'planned');
  return built && (enrollment === 'pending' || enrollment === 'enrolled');
}

/** Whether a proof of the credential is accepted: it is refused like an unknown one otherwise. */
export function mayProve(state: DeviceState): boolean {
  return nextDeviceState(state, 'proved') !== undefined;
}
