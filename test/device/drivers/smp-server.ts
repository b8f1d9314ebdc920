import { createHash } from 'node:crypto';
import { encode } from 'cborg';
import { frameSmpMessage, SmpDeframer } from '../../../src/device/drivers/smp-frame.ts';
import { decodeSmpMessage } from '../../../src/device/drivers/smp-message.ts';
import type { SmpBody } from '../../../src/device/drivers/smp-message.ts';
import { createMemoryPort } from '../../../src/device/ports/memory-port.ts';
import type { MemoryDevice } from '../../../src/device/ports/memory-port.ts';
import type { Port } from '../../../src/device/ports/port.ts';

type Entries = readonly (readonly [string, unknown])[];

/** An answer's map as servers send it: of indefinite length. */
export function indefiniteMap(entries: Entries): Buffer {
  return Buffer.concat([
    Buffer.of(0xbf),
    ...entries.flatMap(([key, value]) => [encode(key), encode(value)]),
    Buffer.of(0xff),
  ]);
}

/** Header and body of an answer. */
export function answerBytes(
  to: { op: number; group: number; sequence: number; id: number; version: number },
  body: Uint8Array,
): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt8((to.version << 3) | (to.op + 1), 0);
  header.writeUInt16BE(body.length, 2);
  header.writeUInt16BE(to.group, 4);
  header.writeUInt8(to.sequence, 6);
  header.writeUInt8(to.id, 7);
  return Buffer.concat([header, body]);
}

/** A small server of settings, files and a shell in memory, with what it does to answers and saves. */
export class FakeSmpServer {
  readonly port: Port;
  readonly device: MemoryDevice;
  /** What the running firmware has. */
  settings = new Map<string, Buffer>();
  /** What outlasts a restart. */
  saved = new Map<string, Buffer>();
  files = new Map<string, Buffer>();
  shell: (argv: string[]) => Entries = () => [
    ['o', ''],
    ['ret', 0],
  ];
  /** `group/id` of each request, in order. */
  readonly requests: string[] = [];
  /** Answers in place of the server's own. */
  override: (name: string, body: SmpBody) => Entries | undefined = () => undefined;
  /** Changes the lines of each answer. */
  tamper: (lines: Uint8Array[], name: string) => Uint8Array[] = (lines) => lines;
  isForgetful = false;
  bufferBytes: number | undefined = 384;
  #uploadBytes = 0;

  constructor() {
    const deframer = new SmpDeframer();
    const { port, device } = createMemoryPort({
      bitsPerSecond: 12_000_000,
      onWrite: (bytes) => {
        for (const message of deframer.push(bytes)) this.#answer(message);
      },
    });
    this.port = port;
    this.device = device;
  }

  #answer(bytes: Uint8Array): void {
    const message = decodeSmpMessage(bytes);
    if (!message) throw new Error('the client sent what is no message');
    const name = `${message.group}/${message.id}${message.op === 0 ? ' read' : ''}`;
    this.requests.push(name);
    const entries = this.override(name, message.body) ?? this.#handle(name, message.body);
    const lines = frameSmpMessage(answerBytes(message, indefiniteMap(entries)));
    for (const line of this.tamper(lines, name)) this.device.feed(line);
  }

  #handle(name: string, body: SmpBody): Entries {
    const key = body.get('name') as string;
    switch (name) {
      case '0/0':
        return [['r', body.get('d')]];
      case '0/5':
        this.settings = new Map(this.saved);
        return [];
      case '0/6 read':
        return this.bufferBytes === undefined
          ? [['rc', 8]]
          : [
              ['buf_size', this.bufferBytes],
              ['buf_count', 4],
            ];
      case '0/7 read':
        return [['output', `board-${body.get('format') as string}`]];
      case '3/0':
        this.settings.set(key, Buffer.from(body.get('val') as Uint8Array));
        return [];
      case '3/0 read': {
        const value = this.settings.get(key);
        return value
          ? [['val', value.subarray(0, body.get('max_size') as number)]]
          : [
              [
                'err',
                new Map([
                  ['group', 3],
                  ['rc', 3],
                ]),
              ],
            ];
      }
      case '3/2':
        return [];
      case '3/3':
        if (!this.isForgetful) this.saved = new Map(this.settings);
        return [['rc', 0]];
      case '8/0': {
        const off = body.get('off') as number;
        const data = Buffer.from(body.get('data') as Uint8Array);
        if (off === 0) this.#uploadBytes = body.get('len') as number;
        const before = off === 0 ? Buffer.alloc(0) : (this.files.get(key) ?? Buffer.alloc(0));
        if (off !== before.length) return [['off', before.length]];
        const now = Buffer.concat([before, data]);
        if (now.length > this.#uploadBytes)
          return [
            [
              'err',
              new Map([
                ['group', 8],
                ['rc', 12],
              ]),
            ],
          ];
        this.files.set(key, now);
        return [['off', now.length]];
      }
      case '8/0 read': {
        const content = this.files.get(key);
        const off = body.get('off') as number;
        if (!content)
          return [
            [
              'err',
              new Map([
                ['group', 8],
                ['rc', 3],
              ]),
            ],
          ];
        const part = [
          ['off', off],
          ['data', content.subarray(off, off + 20)],
        ] as const;
        return off === 0 ? [...part, ['len', content.length]] : part;
      }
      case '8/2 read': {
        const content = this.files.get(key);
        if (!content)
          return [
            [
              'ret',
              new Map([
                ['group', 8],
                ['rc', 3],
              ]),
            ],
          ];
        return [
          ['type', 'sha256'],
          ['len', content.length],
          ['output', createHash('sha256').update(content).digest()],
        ];
      }
      case '9/0':
        return this.shell(body.get('argv') as string[]);
      default:
        return [['rc', 8]];
    }
  }
}
