import { utf8 } from '../../kernel/bytes.ts';
import { knownPattern } from '../pattern.ts';
import type { ConsoleSection } from '../schema/console-schema.ts';
import type { FrameStyle } from './console-frame.ts';

/** `check`: typed text must come back before the line is ended. `skip`: it comes back and is not looked at. */
export type EchoMode = 'check' | 'skip' | 'off';

/** A console's manners, with what the profile leaves out filled in. */
export interface ConsoleSettings {
  /** A regular expression's source. */
  readonly prompt: string;
  readonly lineEnd: Uint8Array;
  readonly echo: EchoMode;
  readonly interrupt: string;
  /** Undefined: this console has no exit status. */
  readonly status: FrameStyle | { readonly send: string; readonly pattern: RegExp } | undefined;
  readonly errors: readonly RegExp[];
  readonly banner: RegExp | undefined;
  readonly login: RegExp | undefined;
  readonly sync: { readonly everyMs: number; readonly timeoutMs: number };
  readonly maxLine: number;
  readonly pace: { readonly chunk: number; readonly gapMs: number };
  readonly timeoutMs: number;
  readonly settleMs: number;
}

const LINE_ENDS = { cr: '\r', lf: '\n', crlf: '\r\n' } as const;

/** What a console's own line buffer takes, by the language it speaks: U-Boot CONFIG_SYS_CBSIZE, a canonical tty. */
const MOST_BYTES = { 'u-boot': 512, posix: 4095, python: 4095, none: 255 } as const;

/** The settings of a section that was checked. */
export function consoleSettings(section: ConsoleSection): ConsoleSettings {
  const { status = section.quote } = section;
  return {
    prompt: section.prompt,
    lineEnd: utf8(LINE_ENDS[section.lineEnd ?? 'cr']),
    echo: section.echo ?? 'check',
    interrupt: section.interrupt ?? '\x03',
    status: statusOf(status),
    errors: (section.errors ?? []).map((source) => knownPattern(source)),
    banner: section.banner === undefined ? undefined : knownPattern(section.banner),
    login: section.login && knownPattern(section.login.prompt),
    sync: {
      everyMs: section.sync?.everyMs ?? 500,
      timeoutMs: section.sync?.timeoutMs ?? 5_000,
    },
    maxLine: section.maxLine ?? MOST_BYTES[section.quote],
    pace: {
      chunk: section.pace?.chunk ?? Number.MAX_SAFE_INTEGER,
      gapMs: section.pace?.gapMs ?? 0,
    },
    timeoutMs: section.timeoutMs ?? 5_000,
    settleMs: section.settleMs ?? 10,
  };
}

function statusOf(status: NonNullable<ConsoleSection['status']>): ConsoleSettings['status'] {
  if (status === 'none') return undefined;
  if (typeof status === 'string') return status;
  return { send: status.send, pattern: knownPattern(status.pattern) };
}
