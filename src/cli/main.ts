import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { run, settings } from '@oclif/core';
import type { Interfaces } from '@oclif/core';
import { asKeylineError, formatReport, reportOf } from './report.ts';
import { wantsJson } from './json.ts';
import { redact } from './redact.ts';

/** How the command line is run. */
export interface ExecuteOptions {
  /** Commands from their TypeScript sources. */
  readonly development?: boolean;
}

/**
 * Runs the command line of this process to its end and sets the exit code. `url` is the
 * `import.meta.url` of a file in bin/. The one place where an error becomes text and an exit code.
 */
export async function execute(url: string, options: ExecuteOptions = {}): Promise<void> {
  // Neither the bundle nor tsx needs oclif's look-up of sources.
  settings.enableAutoTranspile = false;
  // Without a listener the kernel ends the process at a file size limit; with one, writes give EFBIG.
  process.on('SIGXFSZ', () => undefined);
  // oclif's own listener throws past every handler.
  process.stdout.removeAllListeners('error');
  process.stdout.on('error', passOverBrokenPipe);
  process.stderr.on('error', () => undefined);
  try {
    await run(process.argv.slice(2), options.development ? await fromSources(url) : ofPackage(url));
  } catch (error) {
    reportAndExit(error);
  }
}

/** What oclif would look for folder by folder upwards, and read twice: 3 ms of a start. */
function ofPackage(url: string): Interfaces.LoadOptions {
  const root = fileURLToPath(new URL('..', url));
  const pjson = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as Interfaces.PJSON;
  return { root, pjson };
}

async function fromSources(url: string): Promise<Interfaces.LoadOptions> {
  const { sourceOptions } = await import('./development.ts');
  return sourceOptions(url);
}

/** `json` is where an error under `--json` goes. */
function reportAndExit(thrown: unknown, json: NodeJS.WritableStream = process.stdout): void {
  const exit = oclifExit(thrown);
  if (exit !== undefined) process.exit(exit);
  const error = asKeylineError(thrown);
  // The reader has what it wanted, as with `… | head`.
  if (error.code === 'reader-gone') process.exit(0);
  const report = reportOf(error);
  if (wantsJson(process.argv.slice(2), process.env)) {
    // One line, so that it ends a stream of lines as well.
    json.write(`${JSON.stringify({ error: report })}\n`);
  } else {
    process.stderr.write(formatReport(report));
  }
  if (process.env['KEYLINE_DEBUG'] && thrown instanceof Error) {
    process.stderr.write(`${redact(thrown.stack ?? '')}\n`);
  }
  process.exit(error.exitCode);
}

/** oclif ends a command early, for `--help` say, by throwing an ExitError. */
function oclifExit(thrown: unknown): number | undefined {
  if (!(thrown instanceof Error) || !('code' in thrown) || thrown.code !== 'EEXIT')
    return undefined;
  const details = 'oclif' in thrown ? (thrown.oclif as { exit?: number }) : {};
  return details.exit ?? 0;
}

/**
 * A reader that has seen enough, as with `… | head`, is no error; the command ends in its own way. Of any
 * other error of standard output nothing can be said there.
 */
function passOverBrokenPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') reportAndExit(error, process.stderr);
}
