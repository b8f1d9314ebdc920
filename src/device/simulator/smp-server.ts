import { createHash } from 'node:crypto';
import { encode } from 'cborg';
import { concat } from '../../kernel/bytes.ts';
import { frameSmpMessage, SmpDeframer } from '../drivers/smp-frame.ts';
import { decodeSmpMessage, SMP_GROUP, SMP_OP } from '../drivers/smp-message.ts';
import type { SmpBody, SmpMessage } from '../drivers/smp-message.ts';
import type { SmpQuestion, SmpSection } from '../drivers/smp-section.ts';
import { answerFor } from './answer-text.ts';
import type { ProtocolParts, SimulatedProtocol } from './simulated-protocol.ts';

type Answer = Readonly<Record<string, unknown>>;

const { os, settings, fs, shell } = SMP_GROUP;
const SETTINGS = 'settings/';
const FILES = 'files';
const BUFFER_BYTES = 384;
const PIECE_BYTES = 128;
const LONGEST_SETTING = 31;
const RESTART_MS = 50;
const BANNER = '*** Booting Zephyr OS build v3.7.0 ***\r\n';
/** Codes of the protocol's tables: of all groups, of settings, of files. */
const RC = { noEntry: 5, notSupported: 8 } as const;
const SETTINGS_RC = { keyTooLong: 2, notFound: 3, saveFailed: 1 } as const;
const FS_RC = { notFound: 3, writeFailed: 10, wrongOffset: 11 } as const;

/** An SMP server with the groups os, settings, fs and shell. */
export function createSmpProtocol(parts: ProtocolParts): SimulatedProtocol {
  return new SmpServer(parts);
}

class SmpServer implements SimulatedProtocol {
  readonly #parts: ProtocolParts;
  readonly #section: SmpSection;
  #deframer = new SmpDeframer();
  /** What was set and not saved: gone at a restart. */
  #unsaved = new Map<string, Uint8Array | undefined>();
  #upload = { name: '', length: 0, bytes: new Uint8Array() };
  #restart: NodeJS.Timeout | undefined;

  constructor(parts: ProtocolParts) {
    this.#parts = parts;
    this.#section = parts.profile.section as SmpSection;
  }

  boot(): void {
    this.powerGoes();
    this.#deframer = new SmpDeframer();
    this.#unsaved = new Map();
    this.#upload = { name: '', length: 0, bytes: new Uint8Array() };
    this.#parts.send(Buffer.from(BANNER));
  }

  powerGoes(): void {
    clearTimeout(this.#restart);
    this.#restart = undefined;
  }

  received(bytes: Uint8Array): void {
    if (this.#restart) return; // it is down
    for (const message of this.#deframer.push(bytes)) {
      const request = decodeSmpMessage(message);
      if (request) this.#answer(request);
    }
  }

  provision(values: ReadonlyMap<string, Uint8Array>): void {
    for (const { value, setting, file } of this.#section.write) {
      const place = setting === undefined ? `${FILES}${file ?? ''}` : `${SETTINGS}${setting}`;
      this.#parts.memory.store({ [place]: values.get(value) });
    }
  }

  #answer(request: SmpMessage): void {
    const isWrite = request.op === SMP_OP.write;
    const body = this.#handle(request, isWrite) ?? { rc: RC.notSupported };
    const bytes = answerBytes(request, body);
    for (const line of frameSmpMessage(bytes)) this.#parts.send(line);
  }

  #handle({ group, id, body }: SmpMessage, isWrite: boolean): Answer | undefined {
    switch (group) {
      case os:
        return this.#os(id, body);
      case settings:
        return this.#settings(id, body, isWrite);
      case fs:
        return this.#fs(id, body, isWrite);
      case shell:
        return id === 0 ? this.#shell(body.get('argv')) : undefined;
      default:
        return undefined;
    }
  }

  #os(id: number, body: SmpBody): Answer | undefined {
    switch (id) {
      case 0:
        return { r: body.get('d') };
      case 5:
        // The answer goes out before it goes down.
        this.#restart = setTimeout(() => {
          this.#parts.restarted();
          this.boot();
        }, RESTART_MS).unref();
        return {};
      case 6:
        return { buf_size: BUFFER_BYTES, buf_count: 4 };
      case 7:
        return { output: this.#info(textOf(body, 'format') || 's') };
      default:
        return undefined;
    }
  }

  #info(format: string): string {
    const { identify, model } = this.#section;
    if (identify?.info === format) return this.#told(identify, this.#parts.identity());
    if (model?.info === format) return this.#told(model, this.#parts.model);
    const facts: Record<string, string> = {
      s: 'Zephyr',
      n: 'zephyr',
      r: 'v3.7.0',
      v: 'v3.7.0-simulated',
      i: this.#parts.model,
    };
    return [...format].map((letter) => facts[letter] ?? letter).join(' ');
  }

  #settings(id: number, body: SmpBody, isWrite: boolean): Answer | undefined {
    const name = textOf(body, 'name');
    if (name.length > LONGEST_SETTING) return failure(settings, SETTINGS_RC.keyTooLong);
    const val = body.get('val');
    switch (id) {
      case 0:
        if (!isWrite) return this.#setting(name, body.get('max_size'));
        if (!(val instanceof Uint8Array)) return { rc: 3 };
        this.#unsaved.set(name, Uint8Array.from(val));
        return {};
      case 1:
        this.#unsaved.set(name, undefined);
        return {};
      case 2:
        return {};
      case 3:
        return isWrite ? this.#save() : {};
      default:
        return undefined;
    }
  }

  #setting(name: string, most: unknown): Answer {
    const asked = [this.#section.identify, this.#section.model].find(
      (one) => one?.setting === name,
    );
    const found = asked
      ? this.#toldBytes(asked)
      : this.#unsaved.has(name)
        ? this.#unsaved.get(name)
        : this.#parts.memory.read(`${SETTINGS}${name}`);
    if (!found) return failure(settings, SETTINGS_RC.notFound);
    return { val: Uint8Array.from(found.subarray(0, typeof most === 'number' ? most : undefined)) };
  }

  #save(): Answer {
    const entries = [...this.#unsaved].map(([name, val]) => [`${SETTINGS}${name}`, val] as const);
    if (!this.#parts.memory.store(Object.fromEntries(entries))) {
      return failure(settings, SETTINGS_RC.saveFailed);
    }
    this.#unsaved.clear();
    return {};
  }

  #fs(id: number, body: SmpBody, isWrite: boolean): Answer | undefined {
    const name = textOf(body, 'name');
    if (id === 0 && isWrite) return this.#uploadPiece(name, body);
    const asked = [this.#section.identify, this.#section.model].find((one) => one?.file === name);
    const content = asked ? this.#toldBytes(asked) : this.#parts.memory.read(`${FILES}${name}`);
    if (id > 2) return undefined;
    if (!content) return failure(fs, FS_RC.notFound);
    if (id === 1) return { len: content.length };
    if (id === 2) {
      const output = Uint8Array.from(createHash('sha256').update(content).digest());
      return { type: 'sha256', len: content.length, output };
    }
    const off = Number(body.get('off') ?? 0);
    const data = Uint8Array.from(content.subarray(off, off + PIECE_BYTES));
    return off === 0 ? { off, data, len: content.length } : { off, data };
  }

  /** The file is there when its last piece is. */
  #uploadPiece(name: string, body: SmpBody): Answer {
    const off = Number(body.get('off') ?? 0);
    const data = body.get('data');
    if (!(data instanceof Uint8Array)) return { rc: 3 };
    if (off === 0)
      this.#upload = { name, length: Number(body.get('len')), bytes: new Uint8Array() };
    const { bytes, length } = this.#upload;
    if (name !== this.#upload.name) return failure(fs, FS_RC.wrongOffset);
    if (off !== bytes.length) return { off: bytes.length };
    this.#upload.bytes = Uint8Array.from(concat(bytes, data));
    const isWhole = this.#upload.bytes.length >= length;
    if (isWhole && !this.#parts.memory.store({ [`${FILES}${name}`]: this.#upload.bytes })) {
      return failure(fs, FS_RC.writeFailed);
    }
    return { off: this.#upload.bytes.length };
  }

  #shell(argv: unknown): Answer {
    const line = Array.isArray(argv) ? argv.join(' ') : '';
    const { identify, model } = this.#section;
    if (identify?.shell?.join(' ') === line) {
      return { o: `Length: 8\n${this.#told(identify, this.#parts.identity())}\n`, ret: 0 };
    }
    if (model?.shell?.join(' ') === line) {
      return { o: `${this.#told(model, this.#parts.model)}\n`, ret: 0 };
    }
    if (line === 'kernel version') return { o: 'Zephyr version 3.7.0\n', ret: 0 };
    return { o: `${line}: command not found\n`, ret: -8 };
  }

  #told(question: SmpQuestion, text: string): string {
    return answerFor(question.pattern, text) ?? text;
  }

  #toldBytes(question: SmpQuestion): Uint8Array {
    const isIdentity = question === this.#section.identify;
    const text = isIdentity ? this.#parts.identity() : this.#parts.model;
    if (question.as === 'hex') return Uint8Array.from(Buffer.from(text, 'hex'));
    return Uint8Array.from(Buffer.from(this.#told(question, text)));
  }
}

function textOf(body: SmpBody, name: string): string {
  const value = body.get(name);
  return typeof value === 'string' ? value : '';
}

function failure(group: number, rc: number): Answer {
  return { err: { group, rc } };
}

/** Servers send maps of indefinite length (RFC 8949 section 3.2.2): they do not know how many members come. */
function answerBytes({ version, op, group, sequence, id }: SmpMessage, body: Answer): Uint8Array {
  const members = Object.entries(body).flatMap(([name, value]) => [encode(name), encode(value)]);
  const map = concat(Uint8Array.of(0xbf), ...members, Uint8Array.of(0xff));
  const header = Buffer.alloc(8);
  header.writeUInt8((version << 3) | (op + 1), 0);
  header.writeUInt16BE(map.length, 2);
  header.writeUInt16BE(group, 4);
  header.writeUInt8(sequence, 6);
  header.writeUInt8(id, 7);
  return concat(header, map);
}
