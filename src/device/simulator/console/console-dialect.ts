import type { DeviceMemory } from '../device-memory.ts';

/** What a console's device is made of. */
export interface DialectParts {
  readonly memory: DeviceMemory;
  /** The id that it tells now. */
  readonly identity: () => string;
  readonly model: string;
}

/** What a line came to. Text ends lines with a line feed alone; it holds a byte a character. */
export type LineResult = { readonly output: string; readonly restarts?: boolean };

/** The language behind a prompt. One instance lives from one restart to the next: what it holds is its RAM. */
export interface ConsoleDialect {
  readonly prompt: string;
  /** Printed at a restart, before the first prompt. */
  readonly banner: string;
  /** Printed for Ctrl-C, before a new prompt; undefined: a character like others. */
  readonly interrupted: string | undefined;
  /** Ctrl-D at an empty line is this line. */
  readonly endOfInput?: string;
  /** More characters than this are not taken. */
  readonly maxLine: number;
  run(line: string): LineResult;
}
