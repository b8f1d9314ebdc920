import { createHash, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { SmpClient } from '../../src/device/drivers/smp-client.ts';
import {
  isDigestOf,
  smpCommit,
  smpDownload,
  smpEcho,
  smpFileDigest,
  smpGet,
  smpReset,
  smpSave,
  smpSet,
  smpUpload,
} from '../../src/device/drivers/smp-commands.ts';
import type { Port } from '../../src/device/ports/port.ts';
import { DeviceFailure } from '../../src/model/failure.ts';

/** A server to hold to the contract, and where it lets keyline write. */
export interface SmpTarget {
  /** Opens the line to it; called again once it was closed, for a restart. */
  open(): Promise<Port>;
  /** A setting that holds any bytes. */
  readonly setting: string;
  /** A folder of its file system. */
  readonly folder: string;
}

const BITS_PER_SECOND = 115_200;
/** What CBOR, header and frame take around a text. */
const AROUND_BYTES = 48;
const NOT_SUPPORTED = 8;
const RESTART_MS = 30_000;

/** What every server does, a real one or the simulator. What a build leaves out must be refused, never half done. */
export function smpContract(name: string, start: () => Promise<SmpTarget>): void {
  describe(`${name}, a server of SMP`, () => {
    let target: SmpTarget;
    let port: Port;
    let client: SmpClient;

    const connect = async (): Promise<void> => {
      port = await target.open();
      const signal = new AbortController().signal;
      const patience = { timeoutMs: 3_000, attempts: 3 };
      client = new SmpClient({ port, signal, bitsPerSecond: BITS_PER_SECOND, ...patience });
    };
    /** The device goes down some time after it has said that it will. */
    const restart = async (): Promise<void> => {
      await smpReset(client);
      await port[Symbol.asyncDispose]();
      await connect();
    };
    const isBack = (condition: () => Promise<unknown>): Promise<unknown> =>
      vi.waitFor(condition, { timeout: RESTART_MS, interval: 100 });

    beforeAll(async () => {
      target = await start();
      await connect();
    });
    afterAll(() => port[Symbol.asyncDispose]());

    it('sends back what it is sent, over one line and over several', async () => {
      const { body } = await client.ask({ op: 'read', group: 0, id: 6 });
      const bufferBytes = Number(body?.get('buf_size') ?? 128);
      for (const length of [1, 60, Math.min(600, bufferBytes - AROUND_BYTES)]) {
        const d = randomBytes(length).toString('hex').slice(0, length);
        const echoed = await client.ask({ op: 'write', group: 0, id: 0, body: { d } });
        expect(echoed.body?.get('r')).toBe(d);
      }
    });

    it('refuses a group that it does not have', async () => {
      const { refusal } = await client.ask({ op: 'read', group: 63, id: 0 });
      expect(refusal?.rc).toBe(NOT_SUPPORTED);
    });

    it('keeps a setting over a restart once it is saved and not before, or refuses it', async () => {
      const saved = Uint8Array.from(randomBytes(32));
      if (await isRefused(smpSet(client, target.setting, saved))) return;
      expect(await smpGet(client, target.setting, 33)).toEqual(saved);
      await smpCommit(client);
      await smpSave(client);
      await smpSet(client, target.setting, Uint8Array.from(randomBytes(32)));
      await restart();
      await isBack(async () => {
        expect(await smpGet(client, target.setting, 33)).toEqual(saved);
      });
    });

    it('keeps a file of several pieces to the byte', async () => {
      const path = `${target.folder}/kl-test`;
      const content = Uint8Array.from(randomBytes(700));
      await smpUpload(client, path, content);
      const digest = await ifSupported(smpFileDigest(client, path));
      if (digest !== 'refused') {
        expect(digest && isDigestOf(digest, content)).toBe(true);
        return;
      }
      // A build without hashes may still let a file be read.
      const read = await ifSupported(smpDownload(client, path));
      if (read !== 'refused') expect(sha256(read)).toBe(sha256(content));
    });

    it('has nothing where nothing was put', async () => {
      const path = `${target.folder}/kl-${randomBytes(4).toString('hex')}`;
      expect(['refused', undefined]).toContain(await ifSupported(smpFileDigest(client, path)));
    });

    it('answers again after a restart', async () => {
      await restart();
      await isBack(() => smpEcho(client));
    });
  });
}

async function isRefused(work: Promise<unknown>): Promise<boolean> {
  return (await ifSupported(work)) === 'refused';
}

/** What `work` comes to, or `refused` where the server said no; all else is a failure. */
async function ifSupported<T>(work: Promise<T>): Promise<T | 'refused'> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof DeviceFailure && error.code === 'write-refused') return 'refused';
    throw error;
  }
}

function sha256(bytes: Uint8Array | undefined): string {
  return createHash('sha256')
    .update(bytes ?? '')
    .digest('hex');
}
