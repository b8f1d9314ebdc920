import type { Socket } from 'node:net';
import { Inbox } from './rig.ts';
import { serveOneClient } from './tcp-rig.ts';
import type { OneClientServer } from './tcp-rig.ts';

/** How the server behaves; by default it does all that RFC 2217 asks for. */
export interface ServerManners {
  /** Answers DO COM-PORT-OPTION with DONT. */
  readonly refusesComPort?: boolean;
  /** Says nothing at all. */
  readonly isMute?: boolean;
  /** The rate that it runs at, whatever it is asked for. */
  readonly fixedRate?: number;
  /** Refuses the binary option, so that the stream is a network virtual terminal. */
  readonly refusesBinary?: boolean;
}

/** One subnegotiation of the client: the command and its value, unescaped. */
export type Command = readonly [number, ...number[]];

/**
 * A terminal server's end of Telnet's COM-PORT option, written from RFC 854, 855 and 2217 and sharing
 * nothing with the client. The numbers are those of the RFCs.
 */
export class Rfc2217Server {
  readonly inbox = new Inbox();
  readonly commands: Command[] = [];
  readonly verbs: string[] = [];
  #server: OneClientServer | undefined;
  readonly #manners: ServerManners;
  #rest: Buffer = Buffer.alloc(0);

  constructor(manners: ServerManners = {}) {
    this.#manners = manners;
  }

  async listen(): Promise<number> {
    this.#server = await serveOneClient(
      (socket) => {
        this.#rest = Buffer.alloc(0);
        socket.on('data', (bytes) => {
          this.#hear(socket, bytes);
        });
      },
      (socket) => {
        // Byte for byte what ser2net 4.3.11 was seen to send a second client.
        const greeting = 'fffb03fffd03fffb01fffe01fffd00fffb00fffd2c';
        socket.end(
          Buffer.concat([Buffer.from(greeting, 'hex'), Buffer.from('Port already in use\r\n')]),
        );
      },
    );
    return this.#server.port;
  }

  get server(): OneClientServer {
    if (!this.#server) throw new Error('not listening');
    return this.#server;
  }

  /** The device sends. */
  async send(bytes: Uint8Array): Promise<void> {
    const escaped = [...bytes].flatMap((byte) => {
      if (byte === 255) return [255, 255];
      return byte === 13 && this.#manners.refusesBinary ? [13, 0] : [byte];
    });
    await this.raw(escaped);
  }

  /** Bytes as they are. */
  async raw(bytes: readonly number[]): Promise<void> {
    const socket = await this.server.client();
    await new Promise((resolve) => socket.write(Uint8Array.from(bytes), resolve));
  }

  #hear(socket: Socket, bytes: Buffer): void {
    if (this.#manners.isMute) return;
    let rest = Buffer.concat([this.#rest, bytes]);
    for (;;) {
      const iac = rest.indexOf(255);
      this.#data(iac === -1 ? rest : rest.subarray(0, iac));
      rest = iac === -1 ? Buffer.alloc(0) : rest.subarray(iac);
      const length = this.#sequence(socket, rest);
      if (length === 0) break;
      rest = rest.subarray(length);
    }
    this.#rest = rest;
  }

  #data(bytes: Buffer): void {
    if (bytes.length === 0) return;
    const text = bytes.toString('latin1');
    this.inbox.push(
      this.#manners.refusesBinary ? Buffer.from(text.replaceAll('\r\0', '\r'), 'latin1') : bytes,
    );
  }

  /** Returns the length of the sequence that `rest` begins with; 0 while it is not whole. */
  #sequence(socket: Socket, rest: Buffer): number {
    const [, verb, option] = rest;
    if (verb === undefined) return 0;
    if (verb === 255) {
      this.inbox.push(Buffer.of(255));
      return 2;
    }
    if (verb >= 251 && verb <= 254) {
      if (option === undefined) return 0;
      this.#negotiate(socket, verb, option);
      return 3;
    }
    if (verb !== 250) return 2;
    let at = 2;
    const body: number[] = [];
    for (;;) {
      const byte = rest[at];
      const next = rest[at + 1];
      if (byte === undefined || (byte === 255 && next === undefined)) return 0;
      if (byte === 255 && next === 240) break;
      body.push(byte);
      at += byte === 255 ? 2 : 1;
    }
    const [subject, command, ...value] = body;
    if (subject === 44 && command !== undefined) this.#command(socket, [command, ...value]);
    return at + 2;
  }

  #negotiate(socket: Socket, verb: number, option: number): void {
    this.verbs.push(`${verb} ${option}`);
    if (verb === 252 || verb === 254) return;
    const isRefused =
      (option === 44 && this.#manners.refusesComPort === true) ||
      (option === 0 && this.#manners.refusesBinary === true);
    const isOffer = verb === 251;
    const answer = isOffer ? (isRefused ? 254 : 253) : isRefused ? 252 : 251;
    socket.write(Uint8Array.of(255, answer, option));
  }

  #command(socket: Socket, command: Command): void {
    this.commands.push(command);
    const [number, ...asked] = command;
    if (this.#manners.refusesComPort) return;
    const { fixedRate } = this.#manners;
    const value =
      number === 1 && fixedRate !== undefined
        ? [0, 8, 16, 24].map((shift) => (fixedRate >>> (24 - shift)) & 255)
        : asked;
    const escaped = value.flatMap((byte) => (byte === 255 ? [255, 255] : [byte]));
    socket.write(Uint8Array.of(255, 250, 44, number + 100, ...escaped, 255, 240));
  }
}
