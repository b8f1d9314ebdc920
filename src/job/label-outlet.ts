import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { outputError, writeFileAtomic } from '../kernel/atomic-file.ts';
import { isErrno, KeylineError } from '../kernel/errors.ts';
import { connectPrinter, parsePrinterAddress } from '../label/printer.ts';
import type { PrinterAddress } from '../label/printer.ts';
import { LABEL_FORMATS } from '../label/render-label.ts';
import type { LabelFormat } from '../label/render-label.ts';
import { openOutput } from '../manifest/open-output.ts';
import type { MadeLabel } from './label-maker.ts';

/** Where labels go. */
export type LabelTarget =
  | { readonly kind: 'printer'; readonly address: PrinterAddress }
  /** One file a label, named by its serial. */
  | { readonly kind: 'folder'; readonly path: string }
  | { readonly kind: 'file'; readonly path: string };

/** A target that is open. Disposing of it lets go of what was not ended. */
export interface LabelOutlet extends AsyncDisposable {
  write(label: MadeLabel): Promise<void>;
  /** After the last label. */
  end(): Promise<void>;
}

/** How an outlet is opened. */
export interface OutletOptions {
  readonly format: LabelFormat;
  /** Files are 0600, and a folder that is made 0700. */
  readonly secret: boolean;
  readonly force: boolean;
  /** What no file may replace. */
  readonly inputs?: readonly string[] | undefined;
  /** For connecting, and for the printer to take one label. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

const PRINTER_TIMEOUT_MS = 10_000;

/** What a person means by `-o`: `tcp://HOST[:PORT]`, a folder that is there or ends in `/`, else a file or `-`. Throws `usage`. */
export async function parseLabelTarget(text: string): Promise<LabelTarget> {
  const address = parsePrinterAddress(text);
  if (address) return { kind: 'printer', address };
  if (/^\w+:\/\//.test(text)) {
    throw new KeylineError('usage', {
      message: `${JSON.stringify(text)} is no printer`,
      hint: 'A printer is tcp://HOST or tcp://HOST:PORT.',
    });
  }
  if (text.endsWith('/') || (await isFolder(text))) return { kind: 'folder', path: text };
  return { kind: 'file', path: text };
}

/** The format that was asked for, else that of the target: ZPL for a printer, by the ending of a file, SVG in a folder. Throws `usage`. */
export function formatFor(target: LabelTarget, asked: LabelFormat | undefined): LabelFormat {
  if (target.kind === 'printer') {
    if (asked === undefined || asked === 'zpl') return 'zpl';
    throw new KeylineError('usage', { message: `a printer takes ZPL, not ${asked}` });
  }
  if (asked !== undefined) return asked;
  if (target.kind === 'folder') return 'svg';
  const ending = LABEL_FORMATS.find((format) => target.path.toLowerCase().endsWith(`.${format}`));
  if (ending) return ending;
  throw new KeylineError('usage', {
    message: `${target.path === '-' ? 'standard output' : target.path} says no format`,
    hint: 'Say --format svg, png or zpl, or name a file that ends so.',
  });
}

/**
 * Opens a target before anything is derived. Throws `printer-unreachable`, and what opening an output
 * throws; its writes throw `printer-failed` and what writing a file throws.
 */
export async function openLabelOutlet(
  target: LabelTarget,
  options: OutletOptions,
): Promise<LabelOutlet> {
  switch (target.kind) {
    case 'printer':
      return await openPrinter(target.address, options);
    case 'folder':
      return await openFolder(target.path, options);
    case 'file':
      return await openFile(target.path, options);
  }
}

async function openPrinter(address: PrinterAddress, options: OutletOptions): Promise<LabelOutlet> {
  const { timeoutMs = PRINTER_TIMEOUT_MS, signal } = options;
  const printer = await connectPrinter(address, { timeoutMs, signal });
  return {
    write: ({ bytes }) => printer.send(bytes),
    end: () => printer.end(),
    [Symbol.asyncDispose]: () => printer[Symbol.asyncDispose](),
  };
}

async function openFolder(path: string, options: OutletOptions): Promise<LabelOutlet> {
  const { format, secret, force } = options;
  try {
    await mkdir(path, { recursive: true, mode: secret ? 0o700 : 0o755 });
  } catch (error) {
    throw outputError(path, error);
  }
  return {
    write: ({ serial, bytes }) =>
      writeFileAtomic(join(path, `${fileName(serial)}.${format}`), bytes, {
        mode: secret ? 0o600 : 0o644,
        force,
      }),
    end: () => Promise.resolve(),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

async function openFile(path: string, options: OutletOptions): Promise<LabelOutlet> {
  const { secret, force, inputs = [], signal } = options;
  const output = await openOutput(path, { secret, force, inputs, signal });
  return {
    write: ({ bytes }) => output.write(bytes),
    end: async () => {
      await output.end();
      await output.sync();
      await output.commit();
    },
    [Symbol.asyncDispose]: () => output[Symbol.asyncDispose](),
  };
}

/** A serial's own characters are `A-Za-z0-9-_.:/+` and space; its number keeps the names apart. */
function fileName(serial: string): string {
  return serial.replace(/[^A-Za-z0-9._+-]/g, '_').replace(/^\./, '_');
}

async function isFolder(path: string): Promise<boolean> {
  if (path === '-') return false;
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    if (isErrno(error, 'ENOENT') || isErrno(error, 'ENOTDIR')) return false;
    throw outputError(path, error);
  }
}
