import { spawn } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { ServerOrder } from './server-order.ts';

/** How a server came to its end, and the last of what it logged. */
export interface ServerEnd {
  readonly signal: string | null;
  readonly complaint: string;
}

/** A server that was started. */
export interface RunningServer {
  /** Where it listens, once it does; undefined where it came to its end before. */
  readonly port: Promise<number | undefined>;
  /** Resolves when it is dead, whatever killed it. */
  readonly ended: Promise<ServerEnd>;
  send(signal: 'SIGKILL' | 'SIGTERM'): void;
}

/** Starts a server in a process of its own; what it logs is added to `logPath`. */
export function startServer(program: string, order: ServerOrder, logPath: string): RunningServer {
  const { PATH = '', HOME = '' } = process.env;
  const child = spawn(process.execPath, [program, JSON.stringify(order)], {
    env: { PATH, HOME },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let complaint = '';
  child.stderr.on('data', (bytes: Buffer) => {
    appendFileSync(logPath, bytes);
    complaint = `${complaint}${bytes.toString()}`.slice(-4_000);
  });
  const ended = new Promise<ServerEnd>((resolve) => {
    child.on('close', (_code, signal) => {
      resolve({ signal, complaint });
    });
  });
  const said = new Promise<number>((resolve) => {
    createInterface({ input: child.stdout }).once('line', (line) => {
      resolve(Number(line));
    });
  });
  return {
    port: Promise.race([said, ended.then(() => undefined)]),
    ended,
    send: (signal) => {
      child.kill(signal);
    },
  };
}
