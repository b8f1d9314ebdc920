import { formatRange, rangeEnd } from '../model/range.ts';
import type { Range } from '../model/range.ts';
import type { IssueList } from './issue.ts';

/** Which units a manifest may have, and in what order. */
export interface SequenceRules {
  /** Every index of a planned manifest follows the one before; an as-built one has gaps. */
  readonly kind: 'planned' | 'as-built';
  /** The seal's, or all that the lot has; unknown without either. */
  readonly ranges?: readonly Range[] | undefined;
  /** The index of the first row, where that is known. */
  readonly first?: number | undefined;
}

/** Follows the unit indexes of a manifest: ascending, without gap, within their ranges. */
export class IndexSequence {
  readonly #rules: SequenceRules;
  readonly #issues: IssueList;
  #last: number | undefined;
  /** Rows since then whose index could not be read. */
  #unread = 0;

  constructor(rules: SequenceRules, issues: IssueList) {
    this.#rules = rules;
    this.#issues = issues;
    if (rules.first !== undefined) this.#last = rules.first - 1;
  }

  /** The index of the next row, which stands at this place. */
  next(index: number, place: { readonly line: number; readonly column: string }): void {
    const expected = this.#last === undefined ? undefined : this.#last + 1;
    const isDue = expected !== undefined && index >= expected && index <= expected + this.#unread;
    if (expected !== undefined && index < expected) {
      const message = `index ${index} stands where ${expected} or more is due`;
      this.#issues.add({ code: 'index-repeat', ...place, message });
    } else if (this.#rules.kind === 'planned' && expected !== undefined && !isDue) {
      const missing = formatRange({ from: expected, count: index - expected });
      const message = `indexes ${missing} are missing before ${index}`;
      this.#issues.add({ code: 'index-gap', ...place, message });
    }
    const { ranges } = this.#rules;
    if (ranges && !ranges.some((range) => range.from <= index && index < rangeEnd(range))) {
      const allowed = ranges.slice(0, 8).map(formatRange).join(', ');
      const message = `index ${index} is not in ${allowed}`;
      this.#issues.add({ code: 'outside-range', ...place, message });
    }
    // The row just read, not the greatest: one damaged index makes two issues and not a million.
    this.jumpTo(index);
  }

  /** A row whose index cannot be read, and which may be the one that is due. */
  skip(): void {
    this.#unread++;
  }

  /** Rows up to this index were found to be exactly the derived ones. */
  jumpTo(index: number): void {
    this.#last = index;
    this.#unread = 0;
  }
}
