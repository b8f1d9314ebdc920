import { createPrivateKey, X509Certificate } from 'node:crypto';
import { open } from 'node:fs/promises';
import type { FastifyBaseLogger } from 'fastify';
import { isErrno, KeylineError } from '../kernel/errors.ts';

/** Where certificate chain and private key are, PEM. */
export interface TlsPaths {
  readonly cert: string;
  readonly key: string;
}

/** What a server of TLS is made with. */
export interface TlsMaterial {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly minVersion: 'TLSv1.2';
}

/** As much of node:https’s server as is needed. */
export interface TlsServer {
  setSecureContext(material: TlsMaterial): void;
}

/** How often the files are looked at: a certificate is renewed weeks before its end. */
const LOOK_MS = 60_000;

/**
 * Reads the two files. Throws `not-found`, and `tls-files-invalid` where they are no PEM or no pair, or where
 * others may read the key; its group may, as Debian's `ssl-cert` does.
 */
export async function readTlsFiles({ cert, key }: TlsPaths): Promise<TlsMaterial> {
  const material = { cert: await readPem(cert), key: await readPem(key, 0o037) };
  let isPair: boolean;
  try {
    isPair = new X509Certificate(material.cert).checkPrivateKey(createPrivateKey(material.key));
  } catch {
    // Its message may quote the file.
    throw invalid(`${cert} or ${key} cannot be read as PEM`);
  }
  if (!isPair) throw invalid(`${key} is not the key of the certificate in ${cert}`);
  return { ...material, minVersion: 'TLSv1.2' };
}

/**
 * Takes renewed files into a server that runs, within a minute and without losing a connection, until
 * disposed. Files that do not fit, as between the renewals of the two, leave it as it is.
 */
export class TlsRenewal implements Disposable {
  readonly #server: TlsServer;
  readonly #paths: TlsPaths;
  readonly #log: FastifyBaseLogger;
  readonly #timer: NodeJS.Timeout;
  #current: TlsMaterial;

  constructor(
    server: TlsServer,
    files: TlsPaths & { current: TlsMaterial },
    log: FastifyBaseLogger,
  ) {
    this.#server = server;
    this.#paths = files;
    this.#current = files.current;
    this.#log = log;
    this.#timer = setInterval(() => void this.look(), LOOK_MS);
    this.#timer.unref();
  }

  /** Looks now; resolves to whether there was something new. */
  async look(): Promise<boolean> {
    try {
      const found = await readTlsFiles(this.#paths);
      if (found.cert.equals(this.#current.cert) && found.key.equals(this.#current.key))
        return false;
      this.#server.setSecureContext(found);
      this.#current = found;
      this.#log.info('the certificate was renewed');
      return true;
    } catch (error) {
      this.#log.warn({ err: error }, 'the certificate’s files do not fit; the old one serves');
      return false;
    }
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}

async function readPem(path: string, refusedMode = 0): Promise<Buffer> {
  try {
    await using handle = await open(path, 'r');
    const { mode } = await handle.stat();
    if (process.platform !== 'win32' && (mode & refusedMode) !== 0) {
      throw invalid(`others may read ${path}`, 'Take the permissions away from others: chmod 600.');
    }
    return await handle.readFile();
  } catch (error) {
    if (!isErrno(error, 'ENOENT') && !isErrno(error, 'EACCES')) throw error;
    throw new KeylineError('not-found', {
      message: `${path} cannot be read`,
      hint: 'Check the name of the file and its permissions.',
      facts: { path },
    });
  }
}

function invalid(message: string, hint?: string): KeylineError {
  return new KeylineError('tls-files-invalid', { message, ...(hint !== undefined && { hint }) });
}
