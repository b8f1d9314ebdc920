import { readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { vi } from 'vitest';
import { Background } from './background.ts';

const SER2NET = { program: 'ser2net', package: 'ser2net' };
const ACCEPTERS = { tcp: 'tcp,127.0.0.1,0', rfc2217: 'telnet(rfc2217),tcp,127.0.0.1,0' } as const;
/** The state of a socket that listens, as the kernel writes it. */
const LISTENING = '0A';

/** ser2net with one port in front of one serial device, for one client at a time. */
export class TerminalServer implements AsyncDisposable {
  readonly #ser2net: Background;
  readonly kind: keyof typeof ACCEPTERS;
  readonly port: number;

  private constructor(ser2net: Background, kind: keyof typeof ACCEPTERS, port: number) {
    this.#ser2net = ser2net;
    this.kind = kind;
    this.port = port;
  }

  static async start(kind: keyof typeof ACCEPTERS, device: string): Promise<TerminalServer> {
    const configuration = `${device}.${kind}.yaml`;
    const connector = `serialdev,${device},115200n81,local`;
    const connection = `accepter: ${ACCEPTERS[kind]}\n    connector: ${connector}`;
    writeFileSync(configuration, `connection: &slot\n    ${connection}\n`);
    const ser2net = new Background(SER2NET, ['-n', '-d', '-c', configuration]);
    try {
      return new TerminalServer(ser2net, kind, await listeningPort(ser2net));
    } catch (error) {
      await ser2net[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** As `--port` takes it. */
  get address(): string {
    return `${this.kind}://127.0.0.1:${this.port}`;
  }

  /** Somebody else at the port, until the socket is destroyed. */
  async occupy(): Promise<Socket> {
    const socket = connect(this.port, '127.0.0.1');
    await new Promise((resolve, reject) => socket.on('connect', resolve).on('error', reject));
    return socket;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#ser2net[Symbol.asyncDispose]();
  }
}

/** It says nowhere which port the kernel gave it; the kernel does. */
async function listeningPort(server: Background): Promise<number> {
  return await vi.waitFor(
    () => {
      const port = portOf(server.pid);
      if (port === undefined) throw new Error('ser2net does not listen');
      return port;
    },
    { timeout: 30_000, interval: 20 },
  );
}

function portOf(pid: number): number | undefined {
  const folder = `/proc/${pid}/fd`;
  const sockets = readdirSync(folder).map((fd) => {
    try {
      return /^socket:\[(\d+)\]$/.exec(readlinkSync(`${folder}/${fd}`))?.[1];
    } catch {
      // Closed since the folder was read.
      return undefined;
    }
  });
  for (const line of readFileSync(`/proc/${pid}/net/tcp`, 'utf8').split('\n').slice(1)) {
    const [, local = '', , state, , , , , , inode = ''] = line.trim().split(/\s+/);
    if (state === LISTENING && sockets.includes(inode)) {
      return Number.parseInt(local.split(':')[1] ?? '', 16);
    }
  }
  return undefined;
}
