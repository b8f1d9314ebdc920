import type { ConsoleDialect, DialectParts, LineResult } from './console-dialect.ts';
import { fromLatin1, toLatin1 } from './latin1.ts';

const SETTINGS = 'settings/';
const ENOENT = -2;
const EIO = -5;

interface Told {
  readonly output: string;
  readonly status: number;
}

/** Zephyr's shell with the commands settings, hwinfo, kernel, device and retval; settings are stored at once. */
export class ZephyrConsole implements ConsoleDialect {
  /** With its colours, as it is when VT100 is on. */
  readonly prompt = '\x1b[1;32muart:~$ \x1b[m';
  readonly banner = '*** Booting Zephyr OS build v3.7.0 ***\n';
  readonly interrupted = '\n';
  readonly maxLine = 255;
  readonly #parts: DialectParts;
  #status = 0;

  constructor(parts: DialectParts) {
    this.#parts = parts;
  }

  run(line: string): LineResult {
    const words = line.trim().split(/\s+/);
    if (words[0] === '') return { output: '' };
    if (words[0] === 'kernel' && words[1] === 'reboot') return { output: '', restarts: true };
    if (words[0] === 'retval') return { output: `${this.#status}\n` };
    const { output, status } = this.#command(words);
    this.#status = status;
    return { output };
  }

  #command([name = '', verb = '', ...args]: readonly string[]): Told {
    const known = `${name} ${verb}`.trim();
    switch (known) {
      case 'hwinfo devid': {
        const id = this.#parts.identity();
        return ok(`Length: ${id.length / 2}\nID: 0x${id}\n`);
      }
      case 'kernel version':
        return ok('Zephyr version 3.7.0\n');
      case 'kernel uptime':
        return ok('Uptime: 1234 ms\n');
      case 'device list':
        return ok(`devices:\n- ${this.#parts.model} (READY)\n`);
      case 'settings write':
        return this.#write(args);
      case 'settings read':
        return this.#read(args);
      case 'settings list':
        return this.#list(args);
      case 'settings delete':
        return this.#parts.memory.store({ [`${SETTINGS}${args[0] ?? ''}`]: undefined })
          ? ok('')
          : { output: 'Failed to delete settings: -5\n', status: EIO };
      default:
        return ['hwinfo', 'kernel', 'settings', 'device'].includes(name)
          ? { output: `${known}: wrong parameter count\n`, status: -22 }
          : { output: `${name}: command not found\n`, status: -8 };
    }
  }

  #write([type = '', name = '', value = '']: readonly string[]): Told {
    if (!['string', 'hex'].includes(type) || value === '') {
      return { output: 'write: wrong parameter count\n', status: -22 };
    }
    const bytes = type === 'hex' ? Uint8Array.from(Buffer.from(value, 'hex')) : toLatin1(value);
    return this.#parts.memory.store({ [`${SETTINGS}${name}`]: bytes })
      ? ok('')
      : { output: 'Failed to write setting: -5\n', status: EIO };
  }

  #read(args: readonly string[]): Told {
    const [type, name = ''] = args.length > 1 ? args : ['hex', args[0]];
    const bytes = this.#parts.memory.read(`${SETTINGS}${name}`);
    if (!bytes) return { output: 'Setting not found\n', status: ENOENT };
    if (type === 'string') return ok(`${fromLatin1(bytes)}\n`);
    return ok(`${bytes.toString('hex').replace(/../g, '$& ').trim()}\n`);
  }

  #list([root]: readonly string[]): Told {
    const prefix = root === undefined ? SETTINGS : `${SETTINGS}${root}/`;
    const names = this.#parts.memory.names(prefix).map((name) => name.slice(SETTINGS.length));
    return ok(names.map((name) => `${name}\n`).join(''));
  }
}

function ok(output: string): Told {
  return { output, status: 0 };
}
