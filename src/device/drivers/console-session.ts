import { utf8 } from '../../kernel/bytes.ts';
import { DeviceFailure } from '../../model/failure.ts';
import type { DriverContext } from '../driver.ts';
import { knownPattern } from '../pattern.ts';
import { trimmed } from './console-answer.ts';
import type { Answer, LineOptions } from './console-answer.ts';
import type { ConsoleSettings, EchoMode } from './console-settings.ts';
import { lateFailure, noPromptFailure } from './console-failures.ts';
import { ConsoleFrame } from './console-frame.ts';
import { ConsoleScreen } from './console-screen.ts';

/** More than this in one step is a device gone wild. */
const MOST_CHARACTERS = 512 * 1024;
const TYPING_ATTEMPTS = 3;
/** For an echo and for the marks of a handshake: within a step's time there is room for every attempt. */
const ECHO_MS = 1_000;
/** Silence after which a prompt that a log line ran into counts, and one that came in a mark's place. */
const QUIET_MS = 150;

/** A dialogue with one console, over one visit. */
export class ConsoleSession {
  readonly #context: DriverContext;
  readonly #settings: ConsoleSettings;
  readonly #screen = new ConsoleScreen();
  readonly #prompt: RegExp;
  readonly #promptAtStart: RegExp;
  #readLate: number | undefined;

  constructor(context: DriverContext, settings: ConsoleSettings) {
    this.#context = context;
    this.#settings = settings;
    this.#prompt = knownPattern(`^(?:${settings.prompt})$`, '');
    this.#promptAtStart = knownPattern(`^(?:${settings.prompt})`, '');
  }

  /**
   * Interrupts until the console shows its prompt and answers. `onLogin` is called when the login
   * prompt shows instead. Throws `no-answer`, `garbage`, `timeout`.
   */
  async sync(onLogin?: () => Promise<void>): Promise<void> {
    const { interrupt, sync, login } = this.#settings;
    const deadline = performance.now() + sync.timeoutMs;
    this.#context.port.discardInput();
    this.#screen.clear();
    do {
      await this.#send(utf8(interrupt));
      const turn = Math.min(deadline, performance.now() + sync.everyMs);
      while (await this.#readUntil(turn)) {
        if (login && onLogin && login.test(this.#screen.text)) {
          this.#screen.clear();
          await onLogin();
        }
        if (this.#isAtPrompt() && (await this.#isAnswering(deadline))) return;
      }
    } while (performance.now() < deadline);
    throw noPromptFailure(this.#screen);
  }

  /** Sends a line and waits for the prompt; the bytes stay the caller's to wipe. */
  async command(line: Uint8Array, options: LineOptions): Promise<Answer> {
    const { status } = this.#settings;
    const deadline = performance.now() + options.timeoutMs;
    if (typeof status === 'string') return await this.#framed(line, options, deadline);
    await this.#enter(line, options.echo, deadline);
    const output = await this.#toPrompt(deadline);
    if (!status) return { output, status: undefined };
    // The prompt that stands before this echo is the one that ended the output, whatever looked like it.
    const until = await this.#enter(utf8(status.send), options.echo, deadline);
    const told = status.pattern.exec(await this.#toPrompt(deadline));
    const number = told ? Number(told[1] ?? told[0]) : Number.NaN;
    return {
      output: options.echo === 'check' ? trimmed(until) : output,
      status: Number.isInteger(number) ? number : undefined,
    };
  }

  /** Sends a line, and returns without waiting for what comes of it. */
  async lineOnly(line: Uint8Array, options: LineOptions): Promise<void> {
    await this.#enter(line, options.echo, performance.now() + options.timeoutMs);
  }

  /** Sends characters as they are. */
  async keys(text: string, options: { readonly keepsText?: boolean } = {}): Promise<void> {
    if (!options.keepsText) this.#screen.clear();
    await this.#send(utf8(text));
  }

  /** What came until the pattern matched, or the prompt where there is none; `everyMs` calls `again` meanwhile. */
  async await(
    pattern: RegExp | undefined,
    options: { readonly timeoutMs: number; readonly everyMs?: number; again?(): Promise<void> },
  ): Promise<string> {
    const deadline = performance.now() + options.timeoutMs;
    const { everyMs = Infinity } = options;
    let next = performance.now() + everyMs;
    for (;;) {
      if (pattern ? pattern.test(this.#screen.text) : this.#isAtPrompt()) return this.#screen.text;
      if (performance.now() >= deadline) throw lateFailure(this.#screen);
      if (performance.now() >= next) {
        await options.again?.();
        next = performance.now() + everyMs;
      }
      await this.#readUntil(Math.min(deadline, next));
    }
  }

  /** After a failure: what is half typed must not stay. Best effort, as the line itself may be what failed. */
  async abandon(): Promise<void> {
    const sending = this.#context.port.write(utf8(this.#settings.interrupt), { timeoutMs: 200 });
    await sending.catch(() => undefined);
    this.#screen.clear();
  }

  async #framed(line: Uint8Array, options: LineOptions, deadline: number): Promise<Answer> {
    const { status } = this.#settings;
    if (typeof status !== 'string') throw new Error('this console has no frame');
    const frame = new ConsoleFrame(status);
    const whole = frame.wrap(line);
    try {
      await this.#enter(whole, options.echo, deadline);
    } finally {
      whole.fill(0);
    }
    for (;;) {
      const framed = frame.read(this.#screen.text);
      if (framed) {
        if (framed.output === undefined) {
          throw new DeviceFailure('garbage', 'the beginning of the output was lost');
        }
        await this.#passPrompt(deadline);
        return { output: framed.output, status: framed.status };
      }
      this.#refuseRestart();
      // An error that ends the line early, such as an exception, leaves a prompt and no second mark.
      const turn = this.#isAtPrompt() ? Math.min(deadline, performance.now() + QUIET_MS) : deadline;
      const hasMore = await this.#readUntil(turn);
      if (!hasMore && this.#isAtPrompt()) return { output: this.#screen.ended, status: undefined };
      if (!hasMore && performance.now() >= deadline) throw lateFailure(this.#screen);
    }
  }

  /** Types a line and ends it. Returns the ended lines that were there before it. */
  async #enter(line: Uint8Array, echo: EchoMode, deadline: number): Promise<string> {
    const { maxLine, lineEnd } = this.#settings;
    if (line.length + lineEnd.length > maxLine) {
      throw new DeviceFailure(
        'write-refused',
        `a line of ${line.length + lineEnd.length} bytes is longer than this console takes, ${maxLine}`,
      );
    }
    let before = '';
    if (echo === 'check') {
      before = await this.#typeSeen(line, deadline);
      this.#screen.clear();
    } else {
      this.#screen.clear();
      await this.#typeBlind(line);
    }
    await this.#send(lineEnd);
    return before;
  }

  async #typeBlind(line: Uint8Array): Promise<void> {
    const { chunk, gapMs } = this.#settings.pace;
    for (let at = 0; at < line.length; at += chunk) {
      await this.#send(line.subarray(at, at + chunk));
      if (gapMs > 0) await this.pause(gapMs);
    }
  }

  /** Types and sees each piece come back, before the line is ended: a lost character is never run. */
  async #typeSeen(line: Uint8Array, deadline: number): Promise<string> {
    let hadEcho = false;
    const patienceMs = Math.min(ECHO_MS, (deadline - performance.now()) / (2 * TYPING_ATTEMPTS));
    const echoMs = patienceMs + this.#lineMs(line.length);
    for (let attempt = 1; attempt <= TYPING_ATTEMPTS && performance.now() < deadline; attempt++) {
      const before = await this.#typeOnce(line, Math.min(deadline, performance.now() + echoMs));
      if (before !== undefined) return before;
      this.#refuseRestart();
      hadEcho ||= this.#screen.length > 0;
      await this.#send(utf8(this.#settings.interrupt));
      const turn = Math.min(deadline, performance.now() + echoMs);
      while ((await this.#readUntil(turn)) && !this.#isAtPrompt());
    }
    if (!hadEcho) throw new DeviceFailure('no-answer', 'the console does not echo what it is sent');
    throw new DeviceFailure('garbage', 'the console echoes something else than it is sent');
  }

  async #typeOnce(line: Uint8Array, deadline: number): Promise<string | undefined> {
    const { chunk, gapMs } = this.#settings.pace;
    for (let from = 0; from < line.length;) {
      let to = Math.min(line.length, from + chunk);
      // Never between the bytes of one character: half of it has no echo.
      while (to < line.length && ((line[to] ?? 0) & 0xc0) === 0x80) to += 1;
      const typed = new TextDecoder().decode(line.subarray(0, to));
      const added = new TextDecoder().decode(line.subarray(from, to)).length;
      const lengthBefore = this.#screen.length;
      await this.#send(line.subarray(from, to));
      const isSeen = (): boolean =>
        this.#screen.length >= lengthBefore + added && this.#screen.current.endsWith(typed);
      while (!isSeen()) if (!(await this.#readUntil(deadline))) return undefined;
      if (gapMs > 0) await this.pause(gapMs);
      from = to;
    }
    return this.#screen.ended;
  }

  /** The output before the prompt. */
  async #toPrompt(deadline: number): Promise<string> {
    const { settleMs, status } = this.#settings;
    for (;;) {
      this.#refuseRestart();
      if (this.#isAtPrompt()) {
        // Without a status nothing else tells that the prompt is one, and not the beginning of a line.
        if (status || !(await this.#readUntil(performance.now() + settleMs)))
          return trimmed(this.#screen.ended);
        continue;
      }
      const interrupted = this.#promptUnderNoise();
      const turn =
        interrupted === undefined ? deadline : Math.min(deadline, performance.now() + QUIET_MS);
      if (await this.#readUntil(turn)) continue;
      if (interrupted !== undefined) return trimmed(interrupted);
      throw lateFailure(this.#screen);
    }
  }

  /** After the second mark only the prompt is left to come; noise may have swallowed it. */
  async #passPrompt(deadline: number): Promise<void> {
    const turn = Math.min(deadline, performance.now() + QUIET_MS);
    while (!this.#isAtPrompt() && (await this.#readUntil(turn)));
  }

  /** Lines before the first that begins with the prompt and goes on with something else. */
  #promptUnderNoise(): string | undefined {
    const lines = this.#screen.text.split('\n');
    const at = lines.findIndex((line) => this.#promptAtStart.test(line));
    return at === -1 ? undefined : lines.slice(0, at).join('\n');
  }

  async #isAnswering(deadline: number): Promise<boolean> {
    const { status, lineEnd, echo, settleMs } = this.#settings;
    if (typeof status !== 'string') {
      return echo === 'check' || !(await this.#readUntil(performance.now() + settleMs));
    }
    const frame = new ConsoleFrame(status);
    const marks = frame.wrap(new Uint8Array());
    const turn = Math.min(deadline, performance.now() + ECHO_MS);
    this.#screen.clear();
    await this.#typeBlind(marks);
    await this.#send(lineEnd);
    while (!frame.read(this.#screen.text)) if (!(await this.#readUntil(turn))) return false;
    await this.#passPrompt(turn);
    return true;
  }

  /** How long bytes are on the line, there and back. */
  #lineMs(sizeBytes: number): number {
    const { bitsPerSecond } = this.#context.port;
    return bitsPerSecond === undefined ? 0 : (2 * sizeBytes * 10_000) / bitsPerSecond;
  }

  /** False when nothing came until then; what is there late is read once, or a babbler had no deadline. */
  async #readUntil(deadline: number): Promise<boolean> {
    const { port, signal } = this.#context;
    if (performance.now() >= deadline) {
      if (this.#readLate === deadline) return false;
      this.#readLate = deadline;
    }
    const bytes = await port.read({ timeoutMs: Math.max(1, deadline - performance.now()), signal });
    if (!bytes) return false;
    this.#screen.push(bytes);
    bytes.fill(0);
    if (this.#screen.length > MOST_CHARACTERS) {
      throw new DeviceFailure('garbage', 'the device does not stop talking');
    }
    return true;
  }

  async #send(bytes: Uint8Array): Promise<void> {
    await this.#context.port.write(bytes, { signal: this.#context.signal });
  }

  /** Waits; throws `interrupted`. */
  async pause(milliseconds: number): Promise<void> {
    const deadline = performance.now() + milliseconds;
    while (performance.now() < deadline) await this.#readUntil(deadline);
  }

  #isAtPrompt(): boolean {
    return this.#prompt.test(this.#screen.current);
  }

  #refuseRestart(): void {
    if (this.#settings.banner?.test(this.#screen.text)) {
      throw new DeviceFailure('rebooted', 'the device restarted in mid-step');
    }
  }
}
