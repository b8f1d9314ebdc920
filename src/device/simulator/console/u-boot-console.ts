import type { ConsoleDialect, DialectParts, LineResult } from './console-dialect.ts';
import { fromLatin1, toLatin1 } from './latin1.ts';
import type { CommandResult, ShellCommands } from './shell-run.ts';
import { ShellHalted, ShellRunner } from './shell-run.ts';

const BANNER = '\n\nU-Boot 2024.01 (Jan 08 2024 - 15:37:48 +0000)\n\n';
const LOAD_ADDRESS = '0x40200000';
/** In the flash: what `saveenv` keeps, and files of the disk. */
const ENVIRONMENT = 'env';
const DISK = 'disk/';
const LARGEST_FILE = 1024 * 1024;

const OK: CommandResult = { output: '', status: 0 };

/** U-Boot with hush: an environment in memory, and a disk with a FAT file system of any name and number. */
export class UBootConsole implements ConsoleDialect, ShellCommands {
  readonly prompt = '=> ';
  readonly banner: string;
  readonly interrupted = '<INTERRUPT>\n';
  readonly maxLine = 511;
  readonly syntaxError = { output: 'syntax error\n', status: 1 };
  readonly #parts: DialectParts;
  readonly #runner = new ShellRunner(this);
  readonly #environment: Map<string, string>;
  /** Locals of hush, and what memory holds by its address. */
  readonly #locals = new Map<string, string>();
  readonly #addresses = new Map<number, Uint8Array>();

  constructor(parts: DialectParts) {
    this.#parts = parts;
    this.banner = `${BANNER}Model: ${parts.model}\nDRAM:  128 MiB\n`;
    const saved = parts.memory.peek(ENVIRONMENT);
    this.#environment = new Map([
      ['loadaddr', LOAD_ADDRESS],
      ['board_name', parts.model],
      ...importText(saved ? fromLatin1(saved) : ''),
    ]);
  }

  run(line: string): LineResult {
    try {
      return { output: this.#runner.run(line) };
    } catch (error) {
      if (!(error instanceof ShellHalted)) throw error;
      return { output: 'resetting ...\n', restarts: true };
    }
  }

  readonly unknownCommand = (name: string): CommandResult => ({
    output: `Unknown command '${name}' - try 'help'\n`,
    status: 1,
  });

  variable(name: string): string | undefined {
    return this.#locals.get(name) ?? this.#environmentValue(name);
  }

  setVariable(name: string, value: string): void {
    this.#locals.set(name, value);
  }

  /** Hush of U-Boot has no files. */
  readFile(): undefined {
    return undefined;
  }

  writeFile(): boolean {
    return false;
  }

  #environmentValue(name: string): string | undefined {
    const isIdentity = name === 'ethaddr' || name === 'serial#';
    if (!isIdentity) return this.#environment.get(name);
    const id = this.#parts.identity();
    if (id === '') return undefined;
    return /^[0-9a-f]{12}$/.test(id) && name === 'ethaddr' ? (id.match(/../g) ?? []).join(':') : id;
  }

  command([name, ...rest]: readonly string[]): CommandResult | undefined {
    switch (name) {
      case 'echo':
        return { output: `${rest.join(' ')}\n`, status: 0 };
      case 'true':
        return OK;
      case 'false':
        return { output: '', status: 1 };
      case 'version':
        return { output: `${BANNER.trim()}\n\ngcc (Debian) 13.2.0\n`, status: 0 };
      case 'reset':
        throw new ShellHalted();
      case 'setenv':
        return this.#setenv(rest);
      case 'printenv':
        return this.#printenv(rest);
      case 'saveenv':
        return this.#saveenv();
      case 'env':
        return this.#env(rest);
      case 'load':
      case 'fatload':
        return this.#load(rest);
      case 'save':
      case 'fatwrite':
        return this.#save(rest);
      case 'virtio':
      case 'mmc':
      case 'usb':
      case 'sata':
      case 'nvme':
        return OK;
      default:
        return undefined;
    }
  }

  #setenv([name, ...words]: readonly string[]): CommandResult {
    if (name === undefined) return failed('Usage:\nsetenv name value ...\n');
    if (words.length === 0) this.#environment.delete(name);
    else this.#environment.set(name, words.join(' '));
    return OK;
  }

  #printenv(names: readonly string[]): CommandResult {
    // What was saved and loaded at the start is read back by this.
    if (this.#parts.memory.peek(ENVIRONMENT)) this.#parts.memory.noteRead();
    const wanted = names.length > 0 ? names : [...this.#environment.keys(), 'ethaddr'];
    let status = 0;
    const lines = wanted.map((name) => {
      const value = this.#environmentValue(name);
      if (value === undefined) status = 1;
      return value === undefined ? `## Error: "${name}" not defined\n` : `${name}=${value}\n`;
    });
    return { output: lines.join(''), status };
  }

  #saveenv(): CommandResult {
    const isStored = this.#parts.memory.store({
      [ENVIRONMENT]: toLatin1(exportText(this.#environment)),
    });
    const output = `Saving Environment to Flash... ${isStored ? 'OK' : 'Failed (1)'}\n`;
    return { output, status: isStored ? 0 : 1 };
  }

  #env([verb, ...words]: readonly string[]): CommandResult {
    const isSized = words[1] === '-s';
    const [address = '', ...rest] = words.slice(isSized ? 3 : 1);
    if (words[0] !== '-t' || Number.isNaN(hex(address)))
      return failed('Usage:\nenv - environment handling commands\n');
    if (verb === 'export') {
      const chosen = rest.length > 0 ? rest : [...this.#environment.keys()];
      const text = exportText(
        new Map(chosen.flatMap((name) => [[name, this.#environmentValue(name)] as const])),
      );
      const size = isSized ? hex(words[2] ?? '') : text.length + 1;
      if (!isSize(size) || text.length >= size) return failed('## Error: export too long\n');
      const bytes = new Uint8Array(size);
      bytes.set(toLatin1(text));
      this.#put(address, bytes);
      return OK;
    }
    if (verb !== 'import') return failed('Usage:\nenv - environment handling commands\n');
    const [size, ...names] = rest;
    const bytes = this.#addresses
      .get(hex(address))
      ?.subarray(0, size === undefined ? undefined : hex(size));
    if (!bytes) return failed('## Error: bad CRC, import failed\n');
    for (const [name, value] of importText(fromLatin1(bytes))) {
      if (names.length === 0 || names.includes(name)) this.#environment.set(name, value);
    }
    return OK;
  }

  /** load <interface> <device[:partition]> <address> <file> */
  #load([, , address = '', file = '']: readonly string[]): CommandResult {
    const found = this.#parts.memory.read(`${DISK}${file}`);
    if (!found) return failed(`Failed to load '${file}'\n`);
    this.#put(address, Uint8Array.from(found));
    return { output: `${found.length} bytes read in 1 ms (4 MiB/s)\n`, status: 0 };
  }

  /** save <interface> <device[:partition]> <address> <file> <bytes> */
  #save([, , address = '', file = '', size = '']: readonly string[]): CommandResult {
    if (!isSize(hex(size))) return failed('Usage:\nsave - save file to a filesystem\n');
    const bytes = this.#addresses.get(hex(address)) ?? new Uint8Array();
    const whole = new Uint8Array(hex(size));
    whole.set(bytes.subarray(0, whole.length));
    if (!this.#parts.memory.store({ [`${DISK}${file}`]: whole })) {
      return failed(`** Unable to write file ${file} **\n`);
    }
    return { output: `${whole.length} bytes written in 2 ms (2 MiB/s)\n`, status: 0 };
  }

  #put(address: string, bytes: Uint8Array): void {
    this.#addresses.set(hex(address), bytes);
    this.#environment.set('filesize', bytes.length.toString(16));
  }
}

function failed(output: string): CommandResult {
  return { output, status: 1 };
}

/** Numbers are hexadecimal to U-Boot, with 0x or without. */
function hex(text: string): number {
  return Number.parseInt(text.replace(/^0x/i, ''), 16);
}

function isSize(bytes: number): boolean {
  return bytes >= 0 && bytes <= LARGEST_FILE;
}

function exportText(values: ReadonlyMap<string, string | undefined>): string {
  return [...values]
    .map(([name, value]) => (value === undefined ? '' : `${name}=${value}\n`))
    .join('');
}

function importText(text: string): [string, string][] {
  return text
    .replace(/\0[^]*$/, '')
    .split('\n')
    .flatMap((line) => {
      const at = line.indexOf('=');
      return at > 0 ? [[line.slice(0, at), line.slice(at + 1)] as [string, string]] : [];
    });
}
