import type { Socket } from 'node:net';
import * as option from './com-port-option.ts';
import type { InputLines, OutputLines } from './port.ts';
import { DONT, escapeTelnet, subnegotiation, TelnetDecoder, WONT } from './telnet.ts';
import { TelnetOptions } from './telnet-options.ts';
import { sendTcp } from './tcp-socket.ts';

const ANSWER_MS = 1_000;

/** Who hears of the session. */
export interface SessionEvents {
  /** Bytes that the device sent. */
  data(bytes: Uint8Array): void;
  /** The server refused RFC 2217. */
  refused(): void;
}

/** The client's side of RFC 2217 over a connected socket. It attaches no listener of its own. */
export class Rfc2217Session {
  readonly #socket: Socket;
  readonly #events: SessionEvents;
  readonly #decoder = new TelnetDecoder();
  readonly #options: TelnetOptions;
  readonly #waiting = new Map<number, ((value: Uint8Array) => void)[]>();
  #sendsBinary = true;
  #modemState: number | undefined;
  #resume: (() => void) | undefined;
  #mayTalk: Promise<void> = Promise.resolve();

  constructor(socket: Socket, events: SessionEvents) {
    this.#socket = socket;
    this.#events = events;
    const wanted = [option.BINARY, option.SUPPRESS_GO_AHEAD, option.COM_PORT, option.ECHO];
    this.#options = new TelnetOptions(wanted, (bytes) => {
      this.#raw(bytes);
    });
  }

  /** Opens the negotiation; servers that open it themselves are answered as well. */
  start(): void {
    this.#options.offer(option.BINARY);
    this.#options.request(option.BINARY);
    this.#options.offer(option.SUPPRESS_GO_AHEAD);
    this.#options.request(option.SUPPRESS_GO_AHEAD);
    this.#options.offer(option.COM_PORT);
  }

  /** Sends the line's settings, 8N1 without flow control; resolves to the rate that the server confirms. */
  async configure(bitsPerSecond: number): Promise<number> {
    const confirmed = this.#ask(option.SET_BAUDRATE, option.uint32(bitsPerSecond));
    this.#command(option.SET_DATASIZE, 8);
    this.#command(option.SET_PARITY, 1);
    this.#command(option.SET_STOPSIZE, 1);
    this.#command(option.SET_CONTROL, option.NO_FLOW_CONTROL);
    this.#command(option.SET_MODEMSTATE_MASK, 0xff);
    this.#command(option.PURGE_DATA, option.PURGE_BOTH);
    const answer = await confirmed;
    return answer.length === 4 ? Buffer.from(answer).readUInt32BE() : 0;
  }

  /** Bytes from the socket. */
  received(chunk: Uint8Array): void {
    for (const event of this.#decoder.decode(chunk)) {
      if (event.kind === 'data') this.#events.data(event.bytes);
      else if (event.kind === 'option') this.#heardOption(event.verb, event.option);
      else if (event.option === option.COM_PORT) this.#heardCommand(event.bytes);
    }
  }

  /** Sends data, once the server takes some. */
  async send(bytes: Uint8Array): Promise<void> {
    await this.#mayTalk;
    const escaped = escapeTelnet(bytes, { isBinary: this.#sendsBinary });
    try {
      await sendTcp(this.#socket, escaped);
    } finally {
      escaped.fill(0);
    }
  }

  /** Asks the server to forget what the device sent. */
  purgeReceived(): void {
    this.#command(option.PURGE_DATA, option.PURGE_RECEIVED);
  }

  /** Resolves when the server confirmed, or after a second: not every server does. */
  async setLines({ dtr, rts, brk }: OutputLines): Promise<void> {
    const values: number[] = [];
    if (dtr !== undefined) values.push(dtr ? option.DTR_ON : option.DTR_OFF);
    if (rts !== undefined) values.push(rts ? option.RTS_ON : option.RTS_OFF);
    if (brk !== undefined) values.push(brk ? option.BREAK_ON : option.BREAK_OFF);
    const answers = values.map((value) => this.#ask(option.SET_CONTROL, Uint8Array.of(value)));
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, ANSWER_MS);
    });
    await Promise.race([Promise.all(answers), late]);
    clearTimeout(timer);
  }

  /** The device's lines as the server told last; undefined before it did. */
  get lines(): InputLines | undefined {
    const state = this.#modemState;
    if (state === undefined) return undefined;
    return {
      dcd: (state & option.DCD) !== 0,
      cts: (state & option.CTS) !== 0,
      dsr: (state & option.DSR) !== 0,
    };
  }

  /** Ends every wait, for a socket that is gone. */
  end(): void {
    this.#resume?.();
    for (const waiting of this.#waiting.values())
      for (const done of waiting) done(new Uint8Array());
    this.#waiting.clear();
  }

  #heardOption(verb: Parameters<TelnetOptions['heard']>[0], number: number): void {
    this.#options.heard(verb, number);
    if (number === option.BINARY && verb === DONT) this.#sendsBinary = false;
    if (number === option.BINARY && verb === WONT) this.#decoder.isBinary = false;
    if (number === option.COM_PORT && verb === DONT) this.#events.refused();
  }

  #heardCommand(bytes: Uint8Array): void {
    const command = (bytes[0] ?? 0) - option.SERVER_OFFSET;
    const value = bytes.subarray(1);
    if (command === option.NOTIFY_MODEMSTATE) this.#modemState = value[0];
    else if (command === option.FLOWCONTROL_SUSPEND) this.#suspend();
    else if (command === option.FLOWCONTROL_RESUME) this.#resume?.();
    this.#waiting.get(command)?.shift()?.(value);
  }

  #suspend(): void {
    if (this.#resume) return;
    this.#mayTalk = new Promise((resolve) => {
      this.#resume = () => {
        this.#resume = undefined;
        resolve();
      };
    });
  }

  #ask(command: number, value: Uint8Array): Promise<Uint8Array> {
    const answer = new Promise<Uint8Array>((resolve) => {
      const waiting = this.#waiting.get(command) ?? [];
      this.#waiting.set(command, [...waiting, resolve]);
    });
    this.#raw(subnegotiation(option.COM_PORT, Uint8Array.of(command, ...value)));
    return answer;
  }

  #command(command: number, value: number): void {
    this.#raw(subnegotiation(option.COM_PORT, Uint8Array.of(command, value)));
  }

  #raw(bytes: Uint8Array): void {
    // A socket that fails says so by its own events.
    if (this.#socket.writable) this.#socket.write(bytes);
  }
}
