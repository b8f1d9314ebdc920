import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import type { ProgrammerResult } from './simulated-protocol.ts';

/** The fake programs of one simulator; they ask it what to do, so that one process alone has the memories. */
export interface ProgrammerServer {
  close(): Promise<void>;
}

const MOST_BYTES = 64 * 1024;

/**
 * Puts one program of each name into `folder` and answers for them: `run` gets the command line, the
 * program's name first, and the folder that it was started in.
 */
export async function serveProgrammers(
  folder: string,
  names: readonly string[],
  run: (argv: readonly string[], cwd: string) => ProgrammerResult,
): Promise<ProgrammerServer> {
  // Others on this machine can reach the port; they do not know this.
  const token = randomBytes(16).toString('hex');
  const clients = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    clients.add(socket);
    let text = '';
    socket
      .on('error', () => undefined)
      .on('close', () => clients.delete(socket))
      .on('data', (chunk) => {
        text += chunk.toString('utf8');
        if (text.length > MOST_BYTES) socket.destroy();
      })
      .on('end', () => {
        socket.end(JSON.stringify(answer(text, token, run)));
      });
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address ? address.port : 0);
    });
  });
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (const name of names) {
    writeFileSync(join(folder, name), programText({ name, port, token }), { mode: 0o700 });
  }
  return {
    close: () =>
      new Promise((resolve) => {
        for (const client of clients) client.destroy();
        server.close(() => {
          resolve();
        });
      }),
  };
}

function answer(
  text: string,
  token: string,
  run: (argv: readonly string[], cwd: string) => ProgrammerResult,
): ProgrammerResult {
  try {
    const asked = JSON.parse(text) as {
      readonly token?: unknown;
      readonly argv?: unknown;
      readonly cwd?: unknown;
    };
    const { argv, cwd } = asked;
    const isOurs = asked.token === token && Array.isArray(argv) && typeof cwd === 'string';
    if (isOurs) return run(argv.map(String), cwd);
  } catch (error) {
    // A file that is not there, or bytes that nobody's program sent.
    const why = error instanceof Error ? error.message : '';
    return { output: `A fatal error occurred: ${why}\n`, status: 2 };
  }
  return { output: 'A fatal error occurred: this simulator has ended\n', status: 2 };
}

function programText(ask: {
  readonly name: string;
  readonly port: number;
  readonly token: string;
}): string {
  return `#!/usr/bin/env node
// A simulated programmer: it asks the simulator that wrote it.
const { name, port, token } = ${JSON.stringify(ask)};
const socket = require('node:net').connect(port, '127.0.0.1');
let text = '';
socket.on('data', (chunk) => (text += chunk));
socket.on('error', () => {
  process.stdout.write('A fatal error occurred: the simulator is not there\\n');
  process.exitCode = 2;
});
socket.on('end', () => {
  const { output, status } = JSON.parse(text);
  process.stdout.write(output);
  process.exitCode = status;
});
socket.end(JSON.stringify({ token, argv: [name, ...process.argv.slice(2)], cwd: process.cwd() }));
`;
}
