import { createHash } from 'node:crypto';
import { CMNG_HIGHEST_TAG, CMNG_TYPES } from '../drivers/at-cmng-section.ts';
import type { AtCmngSection } from '../drivers/at-cmng-section.ts';
import { answerFor } from './answer-text.ts';
import { toLatin1 } from './console/latin1.ts';
import type { ProtocolParts, SimulatedProtocol } from './simulated-protocol.ts';

const CREDENTIALS = 'cmng/';
const LONGEST_LINE = 8192;
/** `+CME ERROR` numbers of AT%CMNG. */
const CME = { notFound: 513, noAccess: 514, full: 515, active: 518, exists: 519 } as const;
const OFFLINE_MODES = ['0', '4'];

/** An nRF91’s modem behind a firmware that passes AT commands through, without echo. */
export function createAtProtocol(parts: ProtocolParts): SimulatedProtocol {
  return new AtModem(parts);
}

class AtModem implements SimulatedProtocol {
  readonly #parts: ProtocolParts;
  readonly #section: AtCmngSection;
  #line = '';
  /** Within quotes line ends are content. */
  #isQuoted = false;
  /** Powered on and looking for a network, as a device that was in the field already. */
  #mode = '1';

  constructor(parts: ProtocolParts) {
    this.#parts = parts;
    this.#section = parts.profile.section as AtCmngSection;
  }

  boot(): void {
    this.#line = '';
    this.#isQuoted = false;
    this.#mode = '1';
    this.#say('Ready');
  }

  received(bytes: Uint8Array): void {
    for (const character of Buffer.from(bytes).toString('latin1')) this.#take(character);
  }

  provision(values: ReadonlyMap<string, Uint8Array>): void {
    for (const { tag, type, value } of this.#section.credentials) {
      this.#parts.memory.store({ [place(tag, CMNG_TYPES[type])]: values.get(value) });
    }
  }

  #take(character: string): void {
    if (character === '"') this.#isQuoted = !this.#isQuoted;
    if (this.#isQuoted || !/[\r\n]/.test(character)) {
      if (this.#line.length < LONGEST_LINE) this.#line += character;
      return;
    }
    const line = this.#line.trim();
    this.#line = '';
    if (line !== '') this.#run(line);
  }

  #run(line: string): void {
    const { identify, model } = this.#section;
    const [, written] = /^AT\+CFUN=(\d+)$/i.exec(line) ?? [];
    if (line === identify?.command) {
      this.#reply([answerFor(identify.pattern, this.#parts.identity()) ?? this.#parts.identity()]);
    } else if (line === model?.command) {
      this.#reply([answerFor(model.pattern, this.#parts.model) ?? this.#parts.model]);
    } else if (written !== undefined) {
      this.#mode = written;
      this.#reply([]);
    } else if (/^AT%CMNG=/i.test(line)) this.#cmng(line.slice('AT%CMNG='.length));
    else if (/^AT#XRESET$/i.test(line)) {
      this.#reply([]);
      this.#parts.restarted();
      this.boot();
    } else this.#fact(line.toUpperCase());
  }

  #fact(command: string): void {
    const id = this.#parts.identity();
    const uuid = createHash('sha256').update(id).digest('hex').slice(0, 32);
    const facts: Record<string, string[]> = {
      AT: [],
      'AT+CFUN?': [`+CFUN: ${this.#mode}`],
      'AT+CGSN': [id],
      'AT+CGSN=1': [`+CGSN: "${id}"`],
      'AT+CGMI': ['Nordic Semiconductor ASA'],
      'AT+CGMM': [this.#parts.model],
      'AT+CGMR': ['mfw_nrf9160_1.3.5'],
      'AT%DEVICEUUID': [
        `%DEVICEUUID: ${uuid.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')}`,
      ],
    };
    const lines = facts[command];
    if (lines) this.#reply(lines);
    else this.#say('ERROR');
  }

  #cmng(text: string): void {
    const [, operation, tagText = '', typeText = '', , content] =
      /^(\d+)(?:,(\d+)(?:,(\d+)(,"([^"]*)")?)?)?$/.exec(text) ?? [];
    const tag = Number(tagText);
    const isKnown = Object.values<number>(CMNG_TYPES).includes(Number(typeText));
    if (operation === '1') this.#list(tagText, typeText);
    else if (tagText === '' || !isKnown || tag > CMNG_HIGHEST_TAG) this.#say('ERROR');
    else if (operation === '0' && content !== undefined) this.#write(place(tag, typeText), content);
    else if (operation === '2') this.#fail(CME.noAccess);
    else if (operation === '3') this.#delete(place(tag, typeText));
    else this.#say('ERROR');
  }

  #write(name: string, content: string): void {
    const { memory } = this.#parts;
    if (!OFFLINE_MODES.includes(this.#mode)) this.#fail(CME.active);
    else if (memory.names(name).includes(name)) this.#fail(CME.exists);
    else if (!memory.store({ [name]: toLatin1(content) })) this.#fail(CME.full);
    else this.#reply([]);
  }

  #delete(name: string): void {
    const { memory } = this.#parts;
    if (!OFFLINE_MODES.includes(this.#mode)) this.#fail(CME.active);
    else if (!memory.names(name).includes(name)) this.#fail(CME.notFound);
    else if (!memory.store({ [name]: undefined })) this.#fail(CME.noAccess);
    else this.#reply([]);
  }

  #list(tag: string, type: string): void {
    const names = this.#parts.memory
      .names(CREDENTIALS)
      .filter((name) => tag === '' || name.startsWith(`${CREDENTIALS}${tag}/`))
      .filter((name) => type === '' || name.endsWith(`/${type}`));
    this.#reply(
      names.map((name) => {
        const [, ofTag = '', ofType = ''] = name.split('/');
        return `%CMNG: ${ofTag},${ofType},"${this.#digest(name, ofTag, ofType)}"`;
      }),
    );
  }

  /** Of the exact bytes between the quotes, unless the profile says otherwise of a pre-shared key. */
  #digest(name: string, tag: string, type: string): string {
    const content = this.#parts.memory.read(name) ?? Buffer.alloc(0);
    const credential = this.#section.credentials.find(
      (one) => String(one.tag) === tag && String(CMNG_TYPES[one.type]) === type,
    );
    const isOfBytes = credential?.digestOf === 'bytes';
    const bytes = isOfBytes ? Buffer.from(content.toString('latin1'), 'hex') : content;
    return createHash('sha256').update(bytes).digest('hex').toUpperCase();
  }

  #reply(lines: readonly string[]): void {
    for (const line of lines) this.#say(line);
    this.#say('OK');
  }

  #fail(cme: number): void {
    this.#say(`+CME ERROR: ${cme}`);
  }

  #say(line: string): void {
    this.#parts.send(toLatin1(`${line}\r\n`));
  }
}

function place(tag: number, type: number | string): string {
  return `${CREDENTIALS}${tag}/${type}`;
}
