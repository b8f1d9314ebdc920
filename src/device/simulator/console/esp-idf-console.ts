import type { ConsoleDialect, DialectParts, LineResult } from './console-dialect.ts';
import { fromLatin1, toLatin1 } from './latin1.ts';

const NVS = 'nvs/';

/** ESP-IDF's console with nvs_namespace, nvs_set, nvs_get, nvs_erase, mac, version, restart. */
export class EspIdfConsole implements ConsoleDialect {
  readonly prompt = 'esp32> ';
  readonly banner =
    'ESP-ROM:esp32c3-api1-20210207\nrst:0x1 (POWERON),boot:0xc (SPI_FAST_FLASH_BOOT)\n';
  readonly interrupted = undefined;
  readonly maxLine = 255;
  readonly #parts: DialectParts;
  #namespace = 'storage';

  constructor(parts: DialectParts) {
    this.#parts = parts;
  }

  run(line: string): LineResult {
    const words = line.trim().split(/\s+/);
    if (words[0] === '') return { output: '' };
    if (words[0] === 'restart') return { output: 'Restarting\n', restarts: true };
    return { output: this.#command(words) };
  }

  #command([name = '', key = '', type = '', ...args]: readonly string[]): string {
    const place = `${NVS}${this.#namespace}/${key}`;
    switch (name) {
      case 'mac':
        return `MAC: ${(this.#parts.identity().match(/../g) ?? []).join(':')}\n`;
      case 'version':
        return `IDF Version:v5.2.1\nChip info:\n\tmodel:${this.#parts.model}\n`;
      case 'nvs_namespace':
        this.#namespace = key;
        return `I (1204) cmd_nvs: Namespace set to '${key}'\n`;
      case 'nvs_set': {
        const value = args[args.indexOf('-v') + 1];
        if (!args.includes('-v') || value === undefined)
          return failed('0x102 (ESP_ERR_INVALID_ARG)');
        return this.#parts.memory.store({ [place]: toLatin1(value) })
          ? `I (1302) cmd_nvs: Value stored under key '${key}'\n`
          : failed('0x1105 (ESP_ERR_NVS_NOT_ENOUGH_SPACE)', 'ESP_ERR_NVS_NOT_ENOUGH_SPACE');
      }
      case 'nvs_get': {
        const bytes = type === '' ? undefined : this.#parts.memory.read(place);
        return bytes
          ? `${fromLatin1(bytes)}\n`
          : failed('0x1102 (ESP_ERR_NVS_NOT_FOUND)', 'ESP_ERR_NVS_NOT_FOUND');
      }
      case 'nvs_erase':
        return this.#parts.memory.store({ [place]: undefined })
          ? ''
          : failed('0x1105 (ESP_ERR_NVS_NOT_ENOUGH_SPACE)');
      default:
        return 'Unrecognized command\n';
    }
  }
}

function failed(code: string, said?: string): string {
  const log = said === undefined ? '' : `E (1410) cmd_nvs: ${said}\n`;
  return `${log}Command returned non-zero error code: ${code}\n`;
}
