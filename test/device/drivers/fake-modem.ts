import { createHash } from 'node:crypto';
import { createMemoryPort } from '../../../src/device/ports/memory-port.ts';
import type { MemoryDevice } from '../../../src/device/ports/memory-port.ts';
import type { Port } from '../../../src/device/ports/port.ts';

/** A modem with credentials in memory that takes commands character by character, quotes and all. */
export class FakeModem {
  readonly port: Port;
  readonly device: MemoryDevice;
  /** `tag,type` → what stood between the quotes. */
  readonly credentials = new Map<string, Buffer>();
  readonly commands: string[] = [];
  isActive = true;
  hasEcho = false;
  /** Whether writing over an existing one is refused with 519. */
  isStrict = false;
  isForgetful = false;
  /** Whether what it holds is gone after a restart. */
  isVolatile = false;
  /** Bytes that PSK digests cover. */
  pskDigest: 'text' | 'bytes' = 'text';
  /** Lines in place of the modem's own, without the final one where it is among them. */
  override: (command: string) => string[] | undefined = () => undefined;
  #held = '';

  constructor() {
    const { port, device } = createMemoryPort({
      onWrite: (bytes) => {
        for (const byte of bytes) this.#take(String.fromCharCode(byte));
      },
    });
    this.port = port;
    this.device = device;
  }

  /** Whether the modem is inside a quoted text. */
  get isInQuote(): boolean {
    return this.#held.split('"').length % 2 === 0;
  }

  #take(character: string): void {
    if (this.hasEcho) this.device.feed(character);
    if (character !== '\r' || this.isInQuote) {
      this.#held += character;
      return;
    }
    const command = this.#held.replace(/^\n/, '');
    this.#held = '';
    if (command === '') return;
    this.commands.push(command.replace(/".*"/s, '"…"'));
    for (const line of this.override(command) ?? this.#run(command)) {
      this.device.feed(`\r\n${line}\r\n`);
    }
  }

  #run(command: string): string[] {
    switch (command) {
      case 'AT':
        return ['OK'];
      case 'AT+CGSN':
        return ['+CEREG: 2', '352656100367872', 'OK'];
      case 'AT+CGMR':
        return ['mfw_nrf9160_1.3.6', 'OK'];
      case 'AT%DEVICEUUID':
        return ['%DEVICEUUID: 50503041-3633-4261-803d-1e2b8f70111a', 'OK'];
      case 'AT#XRESET':
        this.isActive = true;
        if (this.isVolatile) this.credentials.clear();
        return ['OK', 'Ready'];
      case 'AT+CFUN=4':
        this.isActive = false;
        return ['OK'];
    }
    const [, op, tag = '', type = '', content] =
      /^AT%CMNG=(\d),(\d+),(\d)(?:,"(.*)")?$/s.exec(command) ?? [];
    const place = `${tag},${type}`;
    switch (op) {
      case '0':
        if (this.isActive) return ['+CME ERROR: 518'];
        if (this.isStrict && this.credentials.has(place)) return ['+CME ERROR: 519'];
        if (!this.isForgetful) this.credentials.set(place, Buffer.from(content ?? '', 'latin1'));
        return ['OK'];
      case '1': {
        const stored = this.credentials.get(place);
        if (!stored) return ['OK'];
        const isBytes = type === '3' && this.pskDigest === 'bytes';
        const covered = isBytes ? Buffer.from(stored.toString(), 'hex') : stored;
        const digest = createHash('sha256').update(covered).digest('hex').toUpperCase();
        return [`%CMNG: ${place},"${digest}"`, 'OK'];
      }
      case '3':
        return this.credentials.delete(place) ? ['OK'] : ['+CME ERROR: 513'];
      default:
        return ['ERROR'];
    }
  }
}
