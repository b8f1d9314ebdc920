import { concat, utf8 } from '../../kernel/bytes.ts';
import { DeviceFailure } from '../../model/failure.ts';
import type { Port, ReadOptions, WriteOptions } from '../ports/port.ts';

/** What a modem said to one command: its lines, or why it did not do it. */
export type AtAnswer =
  | { readonly lines: readonly string[]; readonly error?: undefined }
  | { readonly lines?: undefined; readonly error: AtError };

/** `ERROR` alone has no number. */
export interface AtError {
  readonly cme: number | undefined;
}

/** What a client speaks over and how patiently. */
export interface AtClientOptions {
  readonly port: Port;
  readonly signal: AbortSignal;
  /** For each answer, from the command's last byte on. */
  readonly timeoutMs: number;
}

const LINE_END = '\r\n';
const LONGEST_LINE = 8192;
/** How long a modem is given to come to itself. */
const RECOVERY_MS = 1_000;

/** Speaks AT commands (ITU-T V.250) with a modem, echo on or off, one command at a time. */
export class AtClient {
  readonly #options: AtClientOptions;

  constructor(options: AtClientOptions) {
    this.#options = options;
  }

  /**
   * Ends what was left half said: a modem that was cut off inside a quoted text takes all that comes for
   * text until the quote is closed. Throws DeviceFailure `no-answer` and `garbage`.
   */
  async synchronise(): Promise<void> {
    const { port, signal } = this.#options;
    port.discardInput();
    const heard = await this.#say(['AT', '"', 'AT', '"', 'AT'], { signal });
    if (heard.isListening) return;
    throw heard.isNoise
      ? new DeviceFailure('garbage', 'what came back on AT is no answer of a modem')
      : new DeviceFailure('no-answer', 'no answer to AT');
  }

  /** Sends a command without secrets. Throws DeviceFailure `timeout` when no final line comes. */
  async command(text: string): Promise<AtAnswer> {
    const { port, signal, timeoutMs } = this.#options;
    port.discardInput();
    await port.write(utf8(text + LINE_END), { signal });
    const { answer } = await this.#answer(text, { timeoutMs, signal });
    return answer ?? this.#late(text);
  }

  /**
   * Sends `text`, a quote, the content, a quote. When it fails inside, the quote is closed and the modem
   * brought back to listening before the failure is thrown.
   */
  async commandWithContent(text: string, content: Uint8Array): Promise<AtAnswer> {
    const { port, signal, timeoutMs } = this.#options;
    port.discardInput();
    const line = concat(utf8(`${text}"`), content, utf8(`"${LINE_END}`));
    try {
      await port.write(line, { signal });
      const { answer } = await this.#answer(text, { timeoutMs, signal });
      return answer ?? this.#late(text);
    } catch (error) {
      await this.#closeQuote();
      throw error;
    } finally {
      line.fill(0);
    }
  }

  /** Best effort, also after the signal has fired: what ended the command is what is told. */
  async #closeQuote(): Promise<void> {
    try {
      await this.#say(['"', 'AT', '"', 'AT'], { timeoutMs: RECOVERY_MS });
    } catch (error) {
      // The line is gone or blocked: the next visit begins with a recovery of its own.
      if (!(error instanceof DeviceFailure)) throw error;
    }
  }

  /**
   * Says these one after the other until an `AT` is answered with OK. A quote too many opens a text
   * in modems that count quotes alone, and so a second one must be able to follow.
   */
  async #say(
    texts: readonly string[],
    options: WriteOptions,
  ): Promise<{ readonly isListening: boolean; readonly isNoise: boolean }> {
    const timeoutMs = Math.min(this.#options.timeoutMs, RECOVERY_MS);
    let isNoise = false;
    for (const text of texts) {
      await this.#options.port.write(utf8(text + LINE_END), options);
      const heard = await this.#answer(text, { timeoutMs, ...signalOf(options) });
      if (text === 'AT' && heard.answer?.lines) return { isListening: true, isNoise };
      isNoise ||= heard.isNoise;
    }
    return { isListening: false, isNoise };
  }

  #late(text: string): never {
    throw new DeviceFailure('timeout', `no answer to ${nameOf(text)} in time`);
  }

  /** Lines up to the final one; what the modem says unasked is among them. */
  async #answer(
    text: string,
    options: ReadOptions,
  ): Promise<{ readonly answer: AtAnswer | undefined; readonly isNoise: boolean }> {
    const deadline = performance.now() + options.timeoutMs;
    const lines: string[] = [];
    let held = '';
    let isNoise = false;
    for (;;) {
      const timeoutMs = deadline - performance.now();
      const chunk =
        timeoutMs > 0 ? await this.#options.port.read({ ...options, timeoutMs }) : undefined;
      if (!chunk) return { answer: undefined, isNoise };
      if (chunk.some((byte) => byte > 0x7e)) isNoise = true;
      const parts = (held + Buffer.from(chunk).toString('latin1')).split(/\r\n|\r|\n/);
      chunk.fill(0);
      held = (parts.pop() ?? '').slice(-LONGEST_LINE);
      for (const part of parts) {
        const line = part.trim();
        // The echo of the command itself.
        if (line === '' || line.startsWith(text)) continue;
        const answer = finalAnswer(line, lines);
        if (answer) return { answer, isNoise };
        lines.push(line);
      }
    }
  }
}

function finalAnswer(line: string, lines: readonly string[]): AtAnswer | undefined {
  if (line === 'OK') return { lines };
  if (line === 'ERROR') return { error: { cme: undefined } };
  const [, number] = /^\+CM[ES] ERROR: ?(.*)$/.exec(line) ?? [];
  if (number === undefined) return undefined;
  return { error: { cme: /^\d+$/.test(number) ? Number(number) : undefined } };
}

function signalOf({ signal }: WriteOptions): { readonly signal?: AbortSignal } {
  return signal === undefined ? {} : { signal };
}

/** A command as it may be shown: what stands before its values. */
function nameOf(text: string): string {
  return text.split(/[=,"]/, 1)[0] ?? text;
}
