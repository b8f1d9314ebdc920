import { createHash, createHmac } from 'node:crypto';
import type { ConsoleDialect, DialectParts, LineResult } from './console-dialect.ts';
import { PythonRunner } from './python-run.ts';
import { parsePython } from './python-syntax.ts';
import { PySyntaxError } from './python-tokens.ts';
import { itemsOf, numberOf, PyError, roomFor, textOf } from './python-values.ts';
import type { PyFunction, PyObject, PyValue } from './python-values.ts';

const FILES = 'file/';
const TRACEBACK = 'Traceback (most recent call last):\n  File "<stdin>", line 1, in <module>\n';
const SOFT_RESET = 'machine.soft_reset()';

/** Thrown by what restarts the board. */
class Restarted extends Error {}

/** MicroPython's REPL: expressions, lambdas and files, and as much of its modules as provisioning asks for. */
export class MicroPythonConsole implements ConsoleDialect {
  readonly prompt = '>>> ';
  readonly banner: string;
  readonly interrupted = '\n';
  readonly endOfInput = SOFT_RESET;
  readonly maxLine = 4095;
  readonly #parts: DialectParts;
  readonly #runner: PythonRunner;
  #output = '';

  constructor(parts: DialectParts) {
    this.#parts = parts;
    this.banner = `MPY: soft reboot\nMicroPython v1.22.2 on 2024-02-22; ${parts.model} with ESP32\nType "help()" for more information.\n`;
    this.#runner = new PythonRunner(this.#builtins(), this.#modules(), (line) => {
      this.#output += `${line}\n`;
    });
  }

  run(line: string): LineResult {
    this.#output = '';
    try {
      const text = line === SOFT_RESET ? `import machine;${line}` : line;
      for (const statement of parsePython(text)) this.#runner.run(statement);
    } catch (error) {
      if (error instanceof Restarted) return { output: this.#output, restarts: true };
      if (error instanceof PySyntaxError)
        this.#output += `${TRACEBACK}SyntaxError: invalid syntax\n`;
      else if (error instanceof PyError) this.#output += `${TRACEBACK}${error.message}\n`;
      else throw error;
    }
    return { output: this.#output };
  }

  #builtins(): Record<string, PyValue> {
    return {
      print: (...args) => {
        this.#output += `${args.map(textOf).join(' ')}\n`;
        return null;
      },
      len: (value = '') => itemsOf(value).length,
      bytes: (value = 0) =>
        typeof value === 'number'
          ? new Uint8Array(roomFor(value))
          : Uint8Array.from(itemsOf(value).map(numberOf)),
      str: (value = '') => textOf(value),
      open: (name = '', mode = 'r') => this.#open(textOf(name), textOf(mode)),
    };
  }

  #modules(): Record<string, PyObject> {
    const { memory } = this.#parts;
    const binascii = module('binascii', {
      hexlify: (bytes = '') => latin1(bytesOf(bytes).toString('hex')),
      unhexlify: (text = '') => Uint8Array.from(Buffer.from(plain(text), 'hex')),
      b2a_base64: (bytes = '') => latin1(`${bytesOf(bytes).toString('base64')}\n`),
      a2b_base64: (text = '') => Uint8Array.from(Buffer.from(plain(text), 'base64')),
    });
    const hashlib = module('hashlib', {
      sha256: (bytes = '') => hashOf(createHash('sha256').update(bytesOf(bytes))),
    });
    const os = module('os', {
      listdir: () => memory.names(FILES).map((name) => name.slice(FILES.length)),
      remove: (name = '') => this.#store(textOf(name), undefined),
      sync: () => null,
    });
    return {
      binascii,
      ubinascii: binascii,
      hashlib,
      uhashlib: hashlib,
      hmac: module('hmac', {
        new: (key = '', bytes = '') =>
          hashOf(createHmac('sha256', bytesOf(key)).update(bytesOf(bytes))),
      }),
      os,
      uos: os,
      sys: module('sys', {
        version: '3.4.0; MicroPython v1.22.2 on 2024-02-22',
        platform: 'esp32',
      }),
      machine: module('machine', {
        unique_id: () => Uint8Array.from(Buffer.from(this.#parts.identity(), 'hex')),
        soft_reset: restart,
        reset: restart,
      }),
      gc: module('gc', { collect: () => null }),
    };
  }

  /** What was written is in the flash when the file is closed. */
  #open(name: string, mode: string): PyObject {
    const isBinary = mode.includes('b');
    if (!mode.includes('w')) {
      const bytes = this.#parts.memory.read(`${FILES}${name}`);
      if (!bytes) throw new PyError('OSError: [Errno 2] ENOENT');
      return module('file', {
        read: () => (isBinary ? Uint8Array.from(bytes) : bytes.toString('utf8')),
        close: () => null,
      });
    }
    let content = Buffer.alloc(0);
    return module('file', {
      write: (value = '') => {
        const more = bytesOf(value);
        roomFor(content.length + more.length);
        content = Buffer.concat([content, more]);
        return more.length;
      },
      flush: () => this.#store(name, content),
      close: () => this.#store(name, content),
    });
  }

  #store(name: string, content: Uint8Array | undefined): null {
    if (this.#parts.memory.store({ [`${FILES}${name}`]: content })) return null;
    throw new PyError('OSError: [Errno 30] EROFS');
  }
}

const restart: PyFunction = () => {
  throw new Restarted();
};

function module(name: string, names: Record<string, PyValue>): PyObject {
  return { names, repr: `<module '${name}'>` };
}

function hashOf(hash: { digest(): Buffer }): PyObject {
  return module('hash', { digest: () => Uint8Array.from(hash.digest()) });
}

function bytesOf(value: PyValue): Buffer {
  if (value instanceof Uint8Array) return Buffer.from(value);
  if (typeof value === 'string') return Buffer.from(value);
  throw new PyError('TypeError: object with buffer protocol required');
}

function plain(value: PyValue): string {
  return bytesOf(value).toString('latin1');
}

function latin1(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'latin1'));
}
