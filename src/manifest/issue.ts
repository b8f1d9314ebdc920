import { printable } from '../kernel/printable.ts';

/** What can be wrong with a manifest; docs/manifests.md explains each. */
export const ISSUE_CODES = [
  // the file
  'bom',
  'crlf',
  'not-utf8',
  'no-header',
  'no-rows',
  'unknown-column',
  'repeated-column',
  'wrong-columns',
  'wrong-count',
  // a row
  'unclosed-quote',
  'row-too-long',
  'not-json',
  'ragged-row',
  'truncated-row',
  // a value
  'wrong-type',
  'index-gap',
  'index-repeat',
  'outside-range',
  'wrong-serial',
  'wrong-model',
  'repeated-value',
  'not-committed',
  'wrong-claim-digest',
  'wrong-certificate',
  'not-derived',
  // the seal
  'seal-missing',
  'seal-invalid',
  'seal-mismatch',
] as const;
export type IssueCode = (typeof ISSUE_CODES)[number];

/** One defect of a manifest. The message never quotes a value, which may be a secret. */
export interface Issue {
  readonly code: IssueCode;
  /** Line of the file, from 1; a quoted value may go over several. */
  readonly line?: number;
  /** The column's name as the file has it. */
  readonly column?: string;
  readonly message: string;
}

/** Issues that are kept; more are only counted, so that memory stays flat. */
export const ISSUE_LIMIT = 100;

/** Collects issues: the first hundred, and how many there were. */
export class IssueList {
  readonly #listed: Issue[] = [];
  #count = 0;

  get listed(): readonly Issue[] {
    return this.#listed;
  }

  get count(): number {
    return this.#count;
  }

  add(issue: Issue): void {
    this.#count++;
    if (this.#listed.length < ISSUE_LIMIT) this.#listed.push(issue);
  }
}

/** `line 7, endpoint_secret: not-committed: …`, for people and for `grep`. */
export function formatIssue({ code, line, column, message }: Issue): string {
  const where = line === undefined ? 'file' : `line ${line}`;
  // A file's own name for its column may hold anything.
  const place = column ? [where, printable(column)] : [where];
  return `${place.join(', ')}: ${code}: ${message}`;
}
