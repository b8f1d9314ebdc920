import { open, stat } from 'node:fs/promises';
import { KeylineError } from '../kernel/errors.ts';
import { Secret } from '../kernel/secret.ts';
import { unreadable } from '../kernel/unreadable.ts';

const LIMIT_BYTES = 1024 * 1024;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * The bytes of a small file that may hold a secret: a key, passphrase or identity file, at most
 * 1 MiB. Throws `not-found` where it cannot be read, `usage` where it is larger.
 */
export async function readSecretFile(path: string): Promise<Secret> {
  try {
    await using handle = await open(path, 'r');
    const buffer = new Uint8Array(LIMIT_BYTES + 1);
    let length = 0;
    for (;;) {
      const { bytesRead } = await handle.read(buffer, length, buffer.length - length);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    const secret = Secret.take(buffer.slice(0, length));
    buffer.fill(0);
    if (length <= LIMIT_BYTES) return secret;
    secret[Symbol.dispose]();
  } catch (error) {
    throw unreadable(path, error);
  }
  throw new KeylineError('usage', {
    message: `${path} is larger than any key or passphrase file`,
    facts: { path },
  });
}

/**
 * The same of standard input, to its end, or to the signal that ends this process: nothing else is waited for
 * meanwhile. Throws `usage` where it is larger than 1 MiB, `interrupted`.
 */
export async function readSecretInput(): Promise<Secret> {
  const buffer = new Uint8Array(LIMIT_BYTES);
  let length = 0;
  using _end = endInputOnSignal();
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    if (length + chunk.length > LIMIT_BYTES) {
      throw new KeylineError('usage', {
        message: 'standard input is larger than any key or passphrase',
      });
    }
    buffer.set(chunk, length);
    length += chunk.length;
    chunk.fill(0);
  }
  const secret = Secret.take(buffer.slice(0, length));
  buffer.fill(0);
  return secret;
}

function endInputOnSignal(): Disposable {
  const stop = (): void => {
    process.stdin.destroy(new KeylineError('interrupted', { message: 'interrupted' }));
  };
  for (const name of SIGNALS) process.once(name, stop);
  return {
    [Symbol.dispose]: () => {
      for (const name of SIGNALS) process.off(name, stop);
    },
  };
}

/** Whether others may read this regular file; false for a pipe, and where modes say nothing. */
export async function othersMayRead(path: string): Promise<boolean> {
  if (process.platform === 'win32') return false;
  try {
    const { mode, isFile } = await stat(path).then((s) => ({ mode: s.mode, isFile: s.isFile() }));
    return isFile && (mode & 0o077) !== 0;
  } catch (error) {
    if (error instanceof Error && 'code' in error) return false; // whoever reads it says so better
    throw error;
  }
}
