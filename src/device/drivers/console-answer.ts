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

/** Output without the line break that the end of the line sent was answered with, and the one before the prompt. */
export function trimmed(output: string): string {
  return output.replace(/^\n/, '').replace(/\n$/, '');
}
