import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { registerManifest } from '../../src/job/register-manifest.ts';
import type { Registered, RegisterEffects } from '../../src/job/register-manifest.ts';
import { unitSerial } from '../../src/model/serial-template.ts';
import type { Registry } from '../../src/registry/registry.ts';
import type { RowOutcome } from '../../src/registry/sealed-uploads.ts';
import { endpointKey, Owner, sealRows } from '../service/sealed-upload.ts';
import type { SealedLot } from '../service/sealed-upload.ts';

/** A registry under test, with its connection in the test's hands. */
export interface RegistrySubject extends AsyncDisposable {
  readonly registry: Registry;
  /** Has the account hold the key that the lots are of, where there is such a thing. */
  admit(owner: Owner): Promise<void>;
  /** The next calls that register devices lose their answer, before or after they had an effect. */
  loseAnswers(...when: ('before' | 'midway' | 'after')[]): void;
  /** How many devices of a lot there are. */
  count(lotId: string): Promise<number>;
}

const SIZE = 2_500;

/** What the command line asks of every registry: one suite, run on each. */
export function registryContract(name: string, open: () => Promise<RegistrySubject>): void {
  describe(`registering at ${name}`, () => {
    let subject: RegistrySubject;
    let owner: Owner;

    beforeAll(async () => {
      subject = await open();
      owner = await Owner.create();
      await subject.admit(owner);
    });
    afterAll(() => subject[Symbol.asyncDispose]());

    async function register(
      lot: SealedLot,
      more: Parameters<typeof sealRows>[2] = {},
      effects: RegisterEffects = {},
    ): Promise<Registered & { readonly failed: readonly RowOutcome[] }> {
      const { seal, chunks } = await sealRows(lot, { from: 0, count: SIZE }, more);
      const failed: RowOutcome[] = [];
      const take = (row: RowOutcome): Promise<void> => {
        failed.push(row);
        return Promise.resolve();
      };
      const registered = await registerManifest(
        subject.registry,
        { seal, descriptor: lot.descriptor, bytes: () => streamOf(chunks) },
        { pauseMs: 1, outcomes: { which: 'failed', take }, ...effects },
      );
      return { ...registered, failed };
    }

    const none = { created: 0, unchanged: 0, conflict: 0, invalid: 0 };

    it('makes a device of each row, and changes nothing the second time', async () => {
      const lot = await owner.lot(SIZE);
      expect(await register(lot)).toMatchObject({ ...none, rows: SIZE, created: SIZE });
      const { created, unchanged, failed } = await register(lot);
      expect([created + unchanged, failed]).toEqual([SIZE, []]);
      expect(await subject.count(lot.lot.lotId)).toBe(SIZE);
    });

    it.each([
      [['before']],
      [['after']],
      [['midway', 'before', 'after']],
      [['after', 'midway', 'midway']],
    ] as const)(
      'makes no device twice and misses none where answers are lost: %j',
      async (when) => {
        const lot = await owner.lot(SIZE);
        subject.loseAnswers(...when);
        expect(await register(lot)).toMatchObject({ ...none, created: SIZE, failed: [] });
        expect(await subject.count(lot.lot.lotId)).toBe(SIZE);
      },
    );

    it('names the rows that another device stands against, and the ones that are wrong', async () => {
      const lot = await owner.lot(SIZE);
      const { lotId } = lot.lot;
      await subject.registry.addLot(lot.descriptor);
      const taken = { lotIndex: 7, serial: unitSerial(lot.lot, 7) };
      await subject.registry.devices.register(lotId, 'verified', [
        { ...taken, endpointKey: endpointKey(7, 'other') },
      ]);
      const change = (row: string, index: number): string => (index === 1_203 ? 'no row' : row);
      const registered = await register(lot, { change });
      expect(registered).toMatchObject({ ...none, created: SIZE - 2, conflict: 1, invalid: 1 });
      expect(registered.failed).toEqual([
        { row: 8, outcome: 'conflict' },
        { row: 1_204, outcome: 'invalid', reason: 'row-malformed' },
      ]);
    });

    it('registers just the rows that are asked for', async () => {
      const lot = await owner.lot(SIZE);
      const only = new Set([1, 1_000, 2_500]);
      expect(await register(lot, {}, { only })).toMatchObject({ ...none, rows: 3, created: 3 });
      expect(await subject.count(lot.lot.lotId)).toBe(3);
      const beyond = register(lot, {}, { only: new Set([SIZE + 1]) });
      await expect(beyond).rejects.toMatchObject({ code: 'usage' });
    });

    it('tells which of some devices are there', async () => {
      const lot = await owner.lot(SIZE);
      await register(lot, {}, { only: new Set([1, 2]) });
      const { lotId } = lot.lot;
      const keys = [0, 1, 2].map((index) => endpointKey(index, lotId));
      const found = await subject.registry.devices.find(lotId, keys);
      expect(found.map(({ serial }) => serial).sort()).toEqual([
        unitSerial(lot.lot, 0),
        unitSerial(lot.lot, 1),
      ]);
    });

    it('goes on after it was interrupted', async () => {
      const lot = await owner.lot(SIZE);
      const stop = new AbortController();
      const onSent = (): void => {
        stop.abort();
      };
      const effects = { signal: stop.signal, onSent };
      await register(lot, {}, { ...effects, only: new Set(range(1, 2_000)) }).catch(
        (error: unknown) => {
          expect(error).toMatchObject({ code: 'interrupted' });
        },
      );
      const before = await subject.count(lot.lot.lotId);
      expect([before > 0, before < 2_000]).toEqual([true, true]);
      const rest = await register(lot);
      expect(rest).toMatchObject({ created: SIZE - before, unchanged: before, conflict: 0 });
    });

    it('refuses a file with a secret column before anything is sent', async () => {
      const lot = await owner.lot(SIZE);
      const header = 'index,serial,endpoint_key,endpoint_secret:hex\n';
      const change = (row: string): string => `${row},${'00'.repeat(32)}`;
      const refused = register(lot, { header, change });
      await expect(refused).rejects.toMatchObject({ code: 'secret-columns' });
      expect(await subject.count(lot.lot.lotId)).toBe(0);
    });

    it('refuses a file that is not the one that was sealed', async () => {
      const lot = await owner.lot(SIZE);
      const { seal, chunks } = await sealRows(lot, { from: 0, count: SIZE });
      const cut = chunks.map((chunk) => chunk.subarray(0, chunk.length - 9));
      const source = { seal, descriptor: lot.descriptor, bytes: () => streamOf(cut) };
      const refused = registerManifest(subject.registry, source);
      await expect(refused).rejects.toMatchObject({ code: 'signature-invalid' });
      expect(await subject.count(lot.lot.lotId)).toBe(0);
    });

    it('knows the account', async () => {
      expect((await subject.registry.account()).handle).toMatch(/^acme/);
    });
  });
}

async function* streamOf(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield await Promise.resolve(chunk);
}

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, at) => first + at);
}
