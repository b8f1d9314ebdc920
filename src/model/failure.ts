/** The code of the `failed` event by which a person frees a unit that was verified to be written again. */
export const REWORK_CODE = 'rework';

interface Failure {
  /** What the operator does next. */
  readonly hint: string;
  /** Whether another attempt with the same device may pass without anything being changed by hand. */
  readonly retryable: boolean;
}

/** Every way in which a device, its line or its programmer can fail a unit: code → hint for the operator. */
export const FAILURES = {
  // the line
  'no-answer': { hint: 'Check that the board has power and sits in the jig.', retryable: true },
  garbage: { hint: 'Check the contacts, the baud rate and the ground.', retryable: true },
  timeout: { hint: 'Power the board off and on, then try again.', retryable: true },
  rebooted: { hint: 'Check the power supply: the board restarted by itself.', retryable: true },
  'port-gone': {
    hint: 'Plug the board in again and leave it until the result shows.',
    retryable: true,
  },
  'port-busy': { hint: 'End the other program that holds this port.', retryable: true },

  // which device it is
  'wrong-product': { hint: 'Take the board out: it is not of this lot’s model.', retryable: false },
  'blank-id': { hint: 'Set the board aside: it has no hardware id.', retryable: false },
  'default-id': {
    hint: 'Set the board aside: its hardware id is shared by many boards.',
    retryable: false,
  },
  'local-mac': {
    hint: 'Set the board aside: its MAC address is made up and may change.',
    retryable: false,
  },
  'id-changed': {
    hint: 'Try again, and do not change the board while it is written.',
    retryable: true,
  },
  'duplicate-id': {
    hint: 'Set both boards aside: two devices answer with one hardware id.',
    retryable: false,
  },
  'scan-mismatch': { hint: 'Scan the label that belongs to this board.', retryable: true },

  // what it already holds
  'already-provisioned': {
    hint: 'Set the board aside: it holds an unknown credential.',
    retryable: false,
  },
  'index-conflict': {
    hint: 'Set the board aside: another board has the same credential.',
    retryable: false,
  },

  // writing and checking
  'write-refused': { hint: 'Try again; if it stays, send the board to rework.', retryable: true },
  'not-stored': {
    hint: 'Send the board to rework: it does not keep what is written.',
    retryable: true,
  },
  'verify-mismatch': {
    hint: 'Send the board to rework: it holds something else than what was written.',
    retryable: true,
  },
  'programmer-missing': {
    hint: 'Install the programmer that the profile names.',
    retryable: false,
  },
  'programmer-failed': {
    hint: 'Check the cable to the programmer and try again.',
    retryable: true,
  },
  'programmer-timeout': {
    hint: 'Check the cable to the programmer and try again.',
    retryable: true,
  },

  // the job around it
  'label-printer': {
    hint: 'Check the label printer, then put the board in again.',
    retryable: true,
  },
  hook: { hint: 'The board is verified; the program run after a pass failed.', retryable: true },
  interrupted: { hint: 'Put the board in again: it was stopped halfway.', retryable: true },
  'lot-used-up': { hint: 'Ask for another grant: no index is left.', retryable: false },
  'ledger-full': { hint: 'Free some space on the disk that holds the ledger.', retryable: false },
} as const satisfies Record<string, Failure>;

/** Why a unit failed, as it stands in the ledger and in reports. */
export type FailureCode = keyof typeof FAILURES;

/** What a failure says beside its code. */
export interface FailureDetail {
  /** The step of the driver or of the profile that failed. */
  readonly step?: string;
}

/**
 * A device, its line or its programmer failed a step. Thrown inside drivers and ports, and turned
 * into data by the one place that runs a unit. The reason never holds a secret.
 */
export class DeviceFailure extends Error {
  readonly code: FailureCode;
  /** What happened, as one sentence without a final full stop. */
  readonly reason: string;
  readonly step: string | undefined;

  constructor(code: FailureCode, reason: string, detail: FailureDetail = {}) {
    super(reason);
    this.name = 'DeviceFailure';
    this.code = code;
    this.reason = reason;
    this.step = detail.step;
  }

  /** What the operator does next. */
  get hint(): string {
    return FAILURES[this.code].hint;
  }

  /** Whether another attempt may pass without anything being changed by hand. */
  get retryable(): boolean {
    return FAILURES[this.code].retryable;
  }
}
