import { closeSync, readdirSync, readlinkSync, write } from 'node:fs';
import type { ReadStream } from 'node:tty';
import * as nodePty from '@lydell/node-pty';
import { openPort } from '../../../src/device/ports/open-port.ts';
import { Inbox } from './rig.ts';
import type { Rig } from './rig.ts';

/** What the package has beside its types. */
interface OpenPty {
  readonly _master: ReadStream;
  readonly _slave: ReadStream & { readonly _handle: { readonly fd: number } };
  readonly _fd: number;
  readonly ptsName: string;
}

/** A serial port that is a pseudo-terminal, the device at its master. */
export function ptyRig(): Promise<Rig> {
  const { open } = nodePty as unknown as {
    readonly open: (options: { readonly encoding: null }) => OpenPty;
  };
  const pty = open({ encoding: null });
  // The slave's stream reads bytes away and must go. The descriptor that it was made of stays open: it
  // holds the line while the host has it closed, and nothing but this closes it.
  const hold = slaveDescriptor(pty);
  pty._slave.destroy();
  const inbox = new Inbox();
  const onData = (bytes: Buffer): void => {
    inbox.push(bytes);
  };
  pty._master.on('data', onData);
  return Promise.resolve({
    open: () => openPort({ kind: 'serial', path: pty.ptsName }, { baudRate: 115_200 }),
    send: (bytes) => sendAll(pty._fd, bytes),
    take: (count) => inbox.take(count),
    block: () => {
      pty._master.pause();
    },
    unplug: () => {
      closeSync(hold);
      pty._master.destroy();
    },
    dispose: async () => {
      if (pty._master.destroyed) return;
      closeSync(hold);
      await new Promise((resolve) => {
        pty._master.once('close', resolve).destroy();
      });
    },
  });
}

function slaveDescriptor({ ptsName, _slave }: OpenPty): number {
  const found = readdirSync('/proc/self/fd').find(
    (fd) => Number(fd) !== _slave._handle.fd && targetOf(fd) === ptsName,
  );
  if (found === undefined) throw new Error(`${ptsName} is not open`);
  return Number(found);
}

function targetOf(fd: string): string | undefined {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return undefined; // the descriptor of the listing itself
  }
}

/** The stream's own write blocks the whole process once the line is full, and the host's end with it. */
async function sendAll(fd: number, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    at += await new Promise<number>((resolve, reject) => {
      write(fd, bytes, at, bytes.length - at, null, (error, written) => {
        if (!error) resolve(written);
        else if (error.code === 'EAGAIN') setImmediate(resolve, 0);
        else reject(error);
      });
    });
  }
}
