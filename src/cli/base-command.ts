import { Command } from '@oclif/core';
import { Home } from '../home/home.ts';
import { KeylineError } from '../kernel/errors.ts';
import { listenForInterrupt } from './interrupt.ts';
import type { Interrupt } from './interrupt.ts';
import { wantsJson } from './json.ts';
import { redact } from './redact.ts';

/**
 * What every command stands on. `run` returns what `--json` prints as `result`; text goes out by
 * `print` and is left out under `--json`.
 */
export abstract class BaseCommand extends Command {
  static override enableJsonFlag = true;

  /** Of the `--json` envelope; 0 where lines of JSON come before it. */
  protected jsonIndent = 2;
  readonly #warnings: string[] = [];
  #interrupt: Interrupt | undefined;

  /** Where keys, lots and grants are kept: KEYLINE_HOME, else oclif's data directory. */
  get home(): Home {
    return Home.at(process.env['KEYLINE_HOME'] || this.config.dataDir);
  }

  /** Aborted by the first SIGINT, SIGTERM or SIGHUP. */
  get signal(): AbortSignal {
    this.#interrupt ??= listenForInterrupt();
    return this.#interrupt.signal;
  }

  /** Whether a person can be asked: standard input and standard error are a terminal, and no `--json`. */
  get isInteractive(): boolean {
    return process.stdin.isTTY && process.stderr.isTTY && !this.jsonEnabled();
  }

  override jsonEnabled(): boolean {
    return wantsJson(this.argv, process.env);
  }

  /** The result for a person, a line feed added: to standard output, unless `--json`. */
  print(text: string): void {
    if (!this.jsonEnabled()) process.stdout.write(`${text}\n`);
  }

  /** Something of a result that is still to come: under `--json` a line of its own before the envelope. */
  printEarly(text: string, value: object): void {
    process.stdout.write(this.jsonEnabled() ? `${JSON.stringify(value)}\n` : `${text}\n`);
  }

  /** Something the person should know: to standard error, and into the envelope under `--json`. */
  warning(message: string): void {
    const text = redact(message);
    this.#warnings.push(text);
    if (!this.jsonEnabled()) process.stderr.write(`Warning: ${text}\n`);
  }

  /** Goes on when `yes` was given or a person at a terminal agrees; else throws `needs-yes`. */
  async confirm(question: string, yes: boolean): Promise<void> {
    if (yes) return;
    if (!this.isInteractive) {
      throw new KeylineError('needs-yes', { message: `not confirmed: ${question}` });
    }
    const { askYesNo } = await import('./ask.ts');
    if (!(await askYesNo(question, this.signal))) {
      throw new KeylineError('needs-yes', {
        message: 'the question was answered with no',
        hint: 'Nothing was changed.',
      });
    }
  }

  protected override async _run<T>(): Promise<T> {
    // Before anything else, so that Ctrl-C never falls between a file and its removal.
    this.#interrupt ??= listenForInterrupt();
    // Else the parser takes a piped passphrase for an argument that was left out, and errors quote it.
    for (const arg of Object.values(this.ctor.args)) arg.ignoreStdin = true;
    try {
      await this.init();
      const result = (await this.run()) as T;
      if (this.jsonEnabled()) {
        const envelope = { result: result ?? null, warnings: this.#warnings };
        process.stdout.write(`${JSON.stringify(envelope, null, this.jsonIndent)}\n`);
      }
      return result;
    } finally {
      this.#interrupt[Symbol.dispose]();
    }
  }
}
