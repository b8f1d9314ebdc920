import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { isErrno, KeylineError } from '../../kernel/errors.ts';
import { outputError } from '../../kernel/atomic-file.ts';

/** What a memory file says of its device. */
export interface DeviceFacts {
  /** Counts all devices of a simulator from 1. */
  readonly device: number;
  readonly hardwareId: string;
  readonly model: string;
  readonly profile: string;
}

/** What a device's flash does wrong; asked at each use, so that it may change. */
export interface MemoryManners {
  readonly isRefusing: () => boolean;
  readonly isForgetting: () => boolean;
  readonly isLying: () => boolean;
}

/** A memory file's content. Flash: name → bytes. */
export interface DeviceMemoryContent extends DeviceFacts {
  /** Restarts and power cycles. */
  readonly boots: number;
  /** Times that something was stored. */
  readonly stores: number;
  readonly flash: ReadonlyMap<string, Uint8Array>;
}

const HONEST: MemoryManners = {
  isRefusing: () => false,
  isForgetting: () => false,
  isLying: () => false,
};

/**
 * A simulated device's flash, kept in a file of mode 0600 that appears whole. A store is in the file
 * when `store` returns, so a device never says that it has what its file does not.
 */
export class DeviceMemory {
  /** Undefined: it is kept nowhere. */
  readonly path: string | undefined;
  /** When something was stored or read last, on the clock of `performance`; undefined: not since the start. */
  lastUseAt: number | undefined;
  /** The flash was read after the last store: what a verification does. */
  isReadBack = false;

  readonly #manners: MemoryManners;
  #content: DeviceMemoryContent;
  /** What a flash that forgets has at its next restart. */
  #atBoot: ReadonlyMap<string, Uint8Array>;

  private constructor(
    path: string | undefined,
    content: DeviceMemoryContent,
    manners: MemoryManners,
  ) {
    this.path = path;
    this.#content = content;
    this.#atBoot = content.flash;
    this.#manners = manners;
  }

  /** The device of this file, or a fresh one with `facts` where there is none. Throws `output-unwritable`, `usage`. */
  static open(path: string, facts: DeviceFacts, manners: MemoryManners = HONEST): DeviceMemory {
    const found = readDeviceMemory(path);
    const content = found ?? { ...facts, boots: 0, stores: 0, flash: new Map() };
    const memory = new DeviceMemory(path, content, manners);
    if (!found) memory.#save(content);
    return memory;
  }

  /** An empty one that is kept nowhere. */
  static scratch(facts: DeviceFacts): DeviceMemory {
    return new DeviceMemory(undefined, { ...facts, boots: 0, stores: 0, flash: new Map() }, HONEST);
  }

  get facts(): DeviceFacts {
    return this.#content;
  }

  /** As its file has it. */
  get content(): DeviceMemoryContent {
    return this.#content;
  }

  /** Names in the flash that begin so. */
  names(prefix = ''): string[] {
    return [...this.#content.flash.keys()].filter((name) => name.startsWith(prefix));
  }

  /** The bytes as the device reads them for the host. */
  read(name: string): Buffer | undefined {
    const bytes = this.peek(name);
    if (bytes) this.noteRead();
    return bytes;
  }

  /** The bytes as the device reads them for itself. */
  peek(name: string): Buffer | undefined {
    const bytes = this.#content.flash.get(name);
    if (!bytes) return undefined;
    return this.#manners.isLying() ? falsified(bytes) : Buffer.from(bytes);
  }

  /** The host was told something of the flash. */
  noteRead(): void {
    this.lastUseAt = performance.now();
    this.isReadBack = this.#content.stores > 0;
  }

  /** What was done until now was not the host's doing. */
  forgetUse(): void {
    this.lastUseAt = undefined;
    this.isReadBack = false;
  }

  /** Writes what is given, undefined for what is to go. False: the flash refused, and is as before. */
  store(entries: Readonly<Record<string, Uint8Array | undefined>>): boolean {
    this.lastUseAt = performance.now();
    if (this.#manners.isRefusing()) return false;
    const flash = new Map(this.#content.flash);
    for (const [name, bytes] of Object.entries(entries)) {
      if (bytes) flash.set(name, Uint8Array.from(bytes));
      else flash.delete(name);
    }
    this.#save({ ...this.#content, stores: this.#content.stores + 1, flash });
    this.isReadBack = false;
    return true;
  }

  /** Power came, or a restart. */
  boot(): void {
    const { boots } = this.#content;
    const flash = this.#manners.isForgetting() ? this.#atBoot : this.#content.flash;
    this.#atBoot = flash;
    this.#save({ ...this.#content, boots: boots + 1, flash });
  }

  #save(content: DeviceMemoryContent): void {
    if (this.path !== undefined) writeMemory(this.path, content);
    this.#content = content;
  }
}

/** Beside its place and then moved. Not synced: it has to outlive this process, not the machine. */
function writeMemory(path: string, content: DeviceMemoryContent): void {
  const temporary = `${path}.partial`;
  try {
    writeFileSync(temporary, formatMemory(content), { mode: 0o600 });
    renameSync(temporary, path);
  } catch (error) {
    throw outputError(path, error);
  }
}

/** A memory file as anybody may read it; undefined where there is none. Throws `usage` for a file of another kind. */
export function readDeviceMemory(path: string): DeviceMemoryContent | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw outputError(path, error);
  }
  try {
    const value = JSON.parse(text) as DeviceMemoryContent & {
      flash: Record<string, string | { hex: string }>;
    };
    const flash = Object.entries(value.flash).map(([name, stored]) => [
      name,
      Uint8Array.from(
        typeof stored === 'string' ? Buffer.from(stored) : Buffer.from(stored.hex, 'hex'),
      ),
    ]) as [string, Uint8Array][];
    return { ...value, flash: new Map(flash) };
  } catch {
    throw new KeylineError('usage', {
      message: `${path} is not the memory of a simulated device`,
      hint: 'Choose another folder, or take this file away.',
      facts: { path },
    });
  }
}

/** Text stands as text, so that a person can look into the file. */
function formatMemory(content: DeviceMemoryContent): string {
  const flash = [...content.flash].map(([name, bytes]) => {
    const text = Buffer.from(bytes).toString('utf8');
    const isText = Buffer.from(text).equals(bytes) && !text.includes('\0');
    return [name, isText ? text : { hex: Buffer.from(bytes).toString('hex') }];
  });
  return `${JSON.stringify({ ...content, flash: Object.fromEntries(flash) as object }, null, 2)}\n`;
}

/** One character in the middle is another one of its kind, so that the form still fits. */
function falsified(bytes: Uint8Array): Buffer {
  const copy = Buffer.from(bytes);
  const text = copy.toString('latin1');
  const middle = Math.floor(copy.length / 2);
  const found = text.slice(middle).search(/[0-9a-zA-Z]/);
  const at = found === -1 ? 0 : middle + found;
  const isBinary = /[^\t\r\n\x20-\x7e]/.test(text);
  const byte = copy[at];
  if (byte !== undefined) copy[at] = isBinary ? byte ^ 1 : neighbour(byte);
  return copy;
}

/** 3 → 4, 9 → 0, b → c, f → a: hexadecimal stays so. */
function neighbour(byte: number): number {
  const character = String.fromCharCode(byte);
  if (/[9fFzZ]/.test(character))
    return { '9': 0x30, f: 0x61, F: 0x41, z: 0x61, Z: 0x41 }[character] ?? byte;
  return byte + 1;
}
