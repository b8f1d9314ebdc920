import type { EchoMode } from './console-settings.ts';

/** What a command came to. */
export interface Answer {
  readonly output: string;
  /** Undefined where the console has none, or did not tell. */
  readonly status: number | undefined;
}

/** How one line is sent. */
export interface LineOptions {
  readonly timeoutMs: number;
  readonly echo: EchoMode;
}
