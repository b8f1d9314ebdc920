import { FAILURES } from './failure.ts';
import type { FailureCode } from './failure.ts';
import type { UnitRecord } from './unit-record.ts';

/** What is to be done for a unit that is not verified. */
export interface Resolution {
  /** What a person does first, as a sentence. */
  readonly next: string;
  /** Command lines, the one for the usual case first; none where the next run does it. */
  readonly commands: readonly string[];
}

/** Failures after which the device needs a fresh credential and not another attempt with its own. */
const NEEDS_ANOTHER: readonly string[] = ['duplicate-id', 'index-conflict'];

/** What resolves a unit, by its state and its last failure. `lotCode` as people name the lot. */
export function resolutionOf(unit: UnitRecord, lotCode: string): Resolution {
  const { hardwareId, index } = unit;
  const command = (verb: string, reason: string): string =>
    `keyline unit ${verb} ${shellWord(lotCode)} ${index} --reason ${shellWord(reason)}`;
  const scrap = command('scrap', 'beyond repair');
  const again = `Insert device ${hardwareId} again`;
  switch (unit.state) {
    case 'reserved':
      return unit.replaces === undefined
        ? { next: 'Nothing was written: the next run frees it.', commands: [] }
        : { next: `${again}: it gets this unit instead of ${unit.replaces}.`, commands: [scrap] };
    case 'writing':
    case 'written':
      return { next: `${again}: it keeps its unit. Lost, scrap it.`, commands: [scrap] };
    default: {
      const code = unit.code ?? '';
      if (NEEDS_ANOTHER.includes(code)) {
        const replace = command('replace', 'another device has it');
        return { next: `Find both devices, then replace or scrap it.`, commands: [replace, scrap] };
      }
      if (isRetryable(code)) {
        return { next: `${again}. If it fails again, scrap it.`, commands: [scrap] };
      }
      const rework = command('rework', 'repaired');
      return {
        next: 'Set it aside; rework it once repaired, or scrap it.',
        commands: [rework, scrap],
      };
    }
  }
}

/** A word as a POSIX shell reads it again. */
export function shellWord(text: string): string {
  return /^[\w./:@%+=-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

function isRetryable(code: string): boolean {
  return Object.hasOwn(FAILURES, code) && FAILURES[code as FailureCode].retryable;
}
