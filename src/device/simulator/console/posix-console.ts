import { createHash, createHmac } from 'node:crypto';
import type { ConsoleDialect, DialectParts, LineResult } from './console-dialect.ts';
import { fromLatin1, toLatin1 } from './latin1.ts';
import type { CommandResult, ShellCommands } from './shell-run.ts';
import { ShellHalted, ShellRunner } from './shell-run.ts';

const OK: CommandResult = { output: '', status: 0 };
const NO: CommandResult = { output: '', status: 1 };
const LARGEST_FILE = 64 * 1024;

/** A root shell on a serial console; files live in the flash by their absolute paths. */
export class PosixConsole implements ConsoleDialect, ShellCommands {
  readonly prompt = 'root@gateway:~# ';
  readonly banner = '\n[    0.000000] Linux version 6.1.0\n[    1.250000] Run /sbin/init\n\n';
  readonly interrupted = '^C\n';
  readonly maxLine = 4095;
  readonly syntaxError = { output: 'sh: syntax error\n', status: 2 };
  readonly #parts: DialectParts;
  readonly #runner = new ShellRunner(this);
  readonly #variables = new Map([['PATH', '/usr/bin:/bin']]);
  /** Directories hold nothing by themselves, so they need not outlive a restart. */
  readonly #folders = new Set(['/', '/etc', '/root', '/tmp', '/var', '/data']);

  constructor(parts: DialectParts) {
    this.#parts = parts;
  }

  run(line: string): LineResult {
    try {
      return { output: this.#runner.run(line) };
    } catch (error) {
      if (!(error instanceof ShellHalted)) throw error;
      return { output: '', restarts: true };
    }
  }

  readonly unknownCommand = (name: string): CommandResult => ({
    output: `sh: ${name}: not found\n`,
    status: 127,
  });

  variable(name: string): string | undefined {
    return this.#variables.get(name);
  }

  setVariable(name: string, value: string): void {
    this.#variables.set(name, value);
  }

  readFile(path: string): string | undefined {
    const bytes = this.#parts.memory.read(path);
    return bytes ? fromLatin1(bytes) : this.#systemFile(path);
  }

  #systemFile(path: string): string | undefined {
    const id = this.#parts.identity();
    switch (path) {
      case '/etc/machine-id':
        return `${id}\n`;
      case '/sys/class/net/eth0/address':
        return `${(id.match(/../g) ?? []).join(':')}\n`;
      case '/proc/device-tree/model':
        return `${this.#parts.model}\0`;
      case '/proc/device-tree/serial-number':
        return `${id}\0`;
      case '/etc/hostname':
        return 'gateway\n';
      default:
        return undefined;
    }
  }

  writeFile(path: string, content: string): boolean {
    const folder = path.slice(0, path.lastIndexOf('/')) || '/';
    if (!this.#isFolder(folder) || content.length > LARGEST_FILE) return false;
    return this.#parts.memory.store({ [path]: toLatin1(content) });
  }

  command([name = '', ...args]: readonly string[], input: string): CommandResult | undefined {
    const operands = args.filter((arg) => !/^-./.test(arg));
    switch (name) {
      case 'true':
      case ':':
      case 'sync':
      case 'umask':
      case 'export':
      case 'stty':
      case 'chown':
        return OK;
      case 'chmod':
        return this.#checkAll(operands.slice(1), name);
      case 'unset':
        for (const variable of operands) this.#variables.delete(variable);
        return OK;
      case 'false':
        return NO;
      case 'echo':
        return {
          output: args[0] === '-n' ? args.slice(1).join(' ') : `${args.join(' ')}\n`,
          status: 0,
        };
      case 'printf':
        return { output: printf(args), status: 0 };
      case 'cat':
        return this.#each(operands, input, (content) => content);
      case 'sha256sum':
        return this.#each(operands, input, (content, path) => {
          const digest = createHash('sha256').update(toLatin1(content)).digest('hex');
          return `${digest}  ${path}\n`;
        });
      case 'base64':
        return this.#each(
          operands,
          input,
          (content) => `${Buffer.from(content, 'latin1').toString('base64')}\n`,
        );
      case 'wc':
        return this.#each(operands, input, (content) => `${content.length}\n`);
      case 'openssl':
        return this.#openssl(args, input);
      case 'mkdir':
        for (const folder of operands) this.#folders.add(folder);
        return OK;
      case 'rm':
        return this.#parts.memory.store(
          Object.fromEntries(operands.map((path) => [path, undefined])),
        )
          ? OK
          : { output: 'rm: read-only file system\n', status: 1 };
      case 'mv':
        return this.#move(operands);
      case 'ls':
        return this.#checkAll(operands, name, (path) => `${path}\n`);
      case '[':
      case 'test':
        return this.#test(args.filter((arg) => arg !== ']')) ? OK : NO;
      case 'tty':
        return { output: '/dev/ttyS0\n', status: 0 };
      case 'dirname':
        return { output: `${args[0]?.replace(/\/[^/]*$/, '') ?? '.'}\n`, status: 0 };
      case 'uname':
        return { output: args[0] === '-r' ? '6.1.0\n' : `Linux\n`, status: 0 };
      case 'hostname':
        return { output: 'gateway\n', status: 0 };
      case 'reboot':
        throw new ShellHalted();
      default:
        return undefined;
    }
  }

  #each(
    paths: readonly string[],
    input: string,
    work: (content: string, path: string) => string,
  ): CommandResult {
    if (paths.length === 0) return { output: work(input, '-'), status: 0 };
    let status = 0;
    const outputs = paths.map((path) => {
      const content = this.readFile(path);
      if (content === undefined) status = 1;
      return content === undefined ? missing(path) : work(content, path);
    });
    return { output: outputs.join(''), status };
  }

  #checkAll(paths: readonly string[], name: string, say = (_path: string) => ''): CommandResult {
    const lost = paths.find((path) => this.readFile(path) === undefined && !this.#isFolder(path));
    if (lost !== undefined) return { output: `${name}: ${missing(lost)}`, status: 1 };
    return { output: paths.map(say).join(''), status: 0 };
  }

  #move([from = '', to = '']: readonly string[]): CommandResult {
    const content = this.#parts.memory.read(from);
    if (!content) return { output: `mv: ${missing(from)}`, status: 1 };
    const isStored = this.#parts.memory.store({ [to]: content, [from]: undefined });
    return isStored ? OK : { output: 'mv: read-only file system\n', status: 1 };
  }

  /** `openssl dgst -sha256 [-mac HMAC -macopt hexkey:…] [-r]` over its input. */
  #openssl(args: readonly string[], input: string): CommandResult {
    if (args[0] !== 'dgst') return { output: 'openssl: unknown command\n', status: 1 };
    const key = args.find((arg) => arg.startsWith('hexkey:'))?.slice('hexkey:'.length);
    const hash =
      key === undefined ? createHash('sha256') : createHmac('sha256', Buffer.from(key, 'hex'));
    const digest = hash.update(toLatin1(input)).digest('hex');
    const isPlain = args.includes('-r');
    return { output: isPlain ? `${digest} *stdin\n` : `SHA2-256(stdin)= ${digest}\n`, status: 0 };
  }

  #test([first = '', second = '', third = '']: readonly string[]): boolean {
    if (first === '!') return !this.#test([second, third]);
    switch (first) {
      case '-s':
        return (this.readFile(second) ?? '') !== '';
      case '-f':
      case '-r':
        return this.readFile(second) !== undefined;
      case '-e':
        return this.readFile(second) !== undefined || this.#isFolder(second);
      case '-d':
        return this.#isFolder(second);
      case '-n':
        return second !== '';
      case '-z':
        return second === '';
      default:
        if (second === '=') return first === third;
        if (second === '!=') return first !== third;
        if (second === '-eq') return Number(first) === Number(third);
        return first !== '';
    }
  }

  #isFolder(path: string): boolean {
    const plain = path.replace(/(?<=.)\/+$/, '');
    return this.#folders.has(plain) || this.#parts.memory.names(`${plain}/`).length > 0;
  }
}

function missing(path: string): string {
  return `can't open '${path}': No such file or directory\n`;
}

/** `%s`, `%b`-less: the escapes \n, \t, \\ and octal \ooo, and %s, %d, %%. */
function printf([format = '', ...args]: readonly string[]): string {
  let next = 0;
  return format.replace(/%[sd%]|\\(?:[nrt\\]|x[0-9a-fA-F]{1,2}|[0-7]{1,3})/g, (found) => {
    if (found === '%%') return '%';
    if (found.startsWith('%')) return args[next++] ?? '';
    const escape = found.slice(1);
    const known: Record<string, string> = { n: '\n', r: '\r', t: '\t', '\\': '\\' };
    const code = escape.startsWith('x')
      ? Number.parseInt(escape.slice(1), 16)
      : Number.parseInt(escape, 8);
    return known[escape] ?? String.fromCharCode(code);
  });
}
