import { randomInt } from 'node:crypto';
import { DeviceFailure } from '../../model/failure.ts';
import type { Port } from '../ports/port.ts';
import { pause } from './pause.ts';
import type { Pause } from './pause.ts';
import { frameSmpMessage, SmpDeframer } from './smp-frame.ts';
import { decodeSmpMessage, encodeSmpMessage, SMP_OP } from './smp-message.ts';
import type { SmpBody, SmpMessage, SmpValue } from './smp-message.ts';
import { refusalOf } from './smp-refusal.ts';
import type { SmpRefusal } from './smp-refusal.ts';

/** What a client speaks over and how patiently. */
export interface SmpClientOptions {
  readonly port: Port;
  readonly signal: AbortSignal;
  /** For the pace of lines where the port does not know its rate. */
  readonly bitsPerSecond: number;
  /** For each answer, from the last line of its request on. */
  readonly timeoutMs: number;
  /** How often a request is sent that got no answer. */
  readonly attempts: number;
  readonly pause?: Pause;
}

/** One request. */
export interface SmpRequest {
  readonly op: 'read' | 'write';
  readonly group: number;
  readonly id: number;
  readonly body?: Readonly<Record<string, SmpValue>>;
  /** In place of the client's: 1 for what must not be done twice. */
  readonly attempts?: number;
}

/** What came back: what was asked for, or the server's refusal. */
export type SmpAnswer =
  | { readonly body: SmpBody; readonly refusal?: undefined }
  | { readonly body?: undefined; readonly refusal: SmpRefusal };

const VERSION = 1;

/** Asks a Simple Management Protocol server over a serial console; one request at a time. */
export class SmpClient {
  readonly #options: SmpClientOptions;
  readonly #deframer = new SmpDeframer();
  readonly #pause: Pause;
  // An answer to somebody's request before must not pass for one to ours.
  #sequence = randomInt(256);
  #hasAnswered = false;

  constructor(options: SmpClientOptions) {
    this.#options = options;
    this.#pause = options.pause ?? pause;
  }

  /**
   * The answer to this request, matched by sequence, group, id and op; all else that comes is passed
   * over. Throws DeviceFailure `no-answer` (nothing, or only text), `garbage` (bytes that are neither) and
   * `timeout` (this client had answers before).
   */
  async ask(request: SmpRequest): Promise<SmpAnswer> {
    const attempts = request.attempts ?? this.#options.attempts;
    const heard = { isNoise: false };
    for (let attempt = 0; attempt < attempts; attempt++) {
      const answer = await this.#attempt(request, heard);
      if (answer) return answer;
    }
    throw this.#unanswered(request, heard.isNoise);
  }

  async #attempt(request: SmpRequest, heard: { isNoise: boolean }): Promise<SmpAnswer | undefined> {
    const sequence = (this.#sequence = (this.#sequence + 1) & 0xff);
    await this.#send({
      version: VERSION,
      op: SMP_OP[request.op],
      flags: 0,
      group: request.group,
      sequence,
      id: request.id,
      body: new Map(Object.entries(request.body ?? {})),
    });
    const deadline = performance.now() + this.#options.timeoutMs;
    const { port, signal } = this.#options;
    const wantedOp = request.op === 'read' ? SMP_OP.readAnswer : SMP_OP.writeAnswer;
    for (;;) {
      const timeoutMs = deadline - performance.now();
      const chunk = timeoutMs > 0 ? await port.read({ timeoutMs, signal }) : undefined;
      if (!chunk) return undefined;
      const damagedBefore = this.#deframer.damaged;
      const messages = this.#deframer.push(chunk);
      if (this.#deframer.damaged > damagedBefore || chunk.some(isNoise)) heard.isNoise = true;
      for (const bytes of messages) {
        const message = decodeSmpMessage(bytes);
        if (!message) heard.isNoise = true;
        const isAnswer =
          message?.sequence === sequence &&
          message.group === request.group &&
          message.id === request.id &&
          message.op === wantedOp;
        if (isAnswer) return this.#read(message, request);
      }
    }
  }

  #read(message: SmpMessage, request: SmpRequest): SmpAnswer {
    this.#hasAnswered = true;
    const refusal = refusalOf(message.body);
    if (refusal === 'damaged') {
      throw new DeviceFailure(
        'garbage',
        `the answer to ${nameOf(request)} has an error of no known form`,
      );
    }
    return refusal ? { refusal } : { body: message.body };
  }

  /** A small receive buffer overflows unless each line has the time that it takes on the wire. */
  async #send(message: SmpMessage): Promise<void> {
    const { port, signal, bitsPerSecond } = this.#options;
    const bytes = encodeSmpMessage(message);
    const lines = frameSmpMessage(bytes);
    bytes.fill(0);
    try {
      for (const [place, line] of lines.entries()) {
        await port.write(line, { signal });
        const isLast = place + 1 === lines.length;
        const perByteMs = 10_000 / (port.bitsPerSecond ?? bitsPerSecond);
        if (!isLast) await this.#pause(line.length * perByteMs, signal);
      }
    } finally {
      for (const line of lines) line.fill(0);
    }
  }

  #unanswered(request: SmpRequest, isNoise: boolean): DeviceFailure {
    const name = nameOf(request);
    if (this.#hasAnswered) return new DeviceFailure('timeout', `no answer to ${name} in time`);
    return isNoise
      ? new DeviceFailure('garbage', `what came back on ${name} is no SMP`)
      : new DeviceFailure('no-answer', `no answer to ${name}`);
  }
}

/** The request's command as it stands in the protocol's tables: `SMP 3/0`. */
function nameOf({ group, id }: SmpRequest): string {
  return `SMP ${group}/${id}`;
}

/** Neither text nor an escape nor a frame's marker. */
function isNoise(byte: number): boolean {
  const isMarker = byte === 0x04 || byte === 0x06 || byte === 0x14;
  const isText = (byte >= 0x20 && byte < 0x7f) || (byte >= 0x07 && byte <= 0x0d) || byte === 0x1b;
  return !isText && !isMarker;
}
