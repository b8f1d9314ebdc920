import { printable } from '../kernel/printable.ts';
import type { IssueCode } from './issue.ts';
import type { BuiltSlot, Layout } from './layout.ts';
import { RepeatFilter } from './repeat-filter.ts';

/** As a ledger stamps its events. */
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** What is wrong with a value that no key derives. */
export interface BuiltFinding {
  readonly code: IssueCode;
  readonly column: string;
  readonly message: string;
}

/** Checks what an as-built manifest has of its ledgers: nothing empty but captures, no device twice. */
export class BuiltCheck {
  readonly #slots: readonly BuiltSlot[];
  readonly #devices = new RepeatFilter();

  constructor(layout: Layout) {
    this.#slots = layout.built;
  }

  /** What does not fit in one row. */
  check(fields: readonly string[]): BuiltFinding[] {
    return this.#slots.flatMap(({ at, label, name }): BuiltFinding[] => {
      const value = fields[at] ?? '';
      const message = this.#problem(name, value);
      if (message !== undefined) return [{ code: 'wrong-type', column: label, message }];
      if (name !== 'hardware_id' || !this.#devices.hasText(value)) return [];
      return [{ code: 'repeated-value', column: label, message: 'an earlier row has this device' }];
    });
  }

  #problem(name: string, value: string): string | undefined {
    if (printable(value) !== value) return 'the value has control characters';
    if (name === 'verified_at') return INSTANT.test(value) ? undefined : 'no time in UTC';
    return value === '' && !name.startsWith('capture.') ? 'the value is empty' : undefined;
  }
}
