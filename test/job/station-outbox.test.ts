import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { countWaiting, drainOutbox } from '../../src/job/drain-outbox.ts';
import type { OutboxParts } from '../../src/job/drain-outbox.ts';
import { OutboxCursor } from '../../src/job/outbox-cursor.ts';
import { StationOutbox } from '../../src/job/station-outbox.ts';
import { KeylineError } from '../../src/kernel/errors.ts';
import { unitSerial } from '../../src/model/serial-template.ts';
import { FakeRegistry } from '../registry/fake-registry.ts';
import { PUBLISHED, Rig, TestDevice } from './provision-rig.ts';

let rig: Rig;
let registry: FakeRegistry;
let folder: string;
beforeEach(async () => {
  rig = await Rig.make();
  registry = new FakeRegistry();
  folder = mkdtempSync(join(tmpdir(), 'keyline-outbox-'));
});
afterEach(async () => {
  await rig[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

async function parts(change: { readonly url?: string; readonly path?: string } = {}) {
  const { ledger } = rig;
  const { open } = rig.run;
  const { url = registry.url, path = join(folder, 'registered.json') } = change;
  const place = { url, accountId: 'a1', lotId: open.lot.lotId };
  const cursor = await OutboxCursor.open(path, place, { ledger });
  return { ledger, open, devices: registry, cursor } satisfies OutboxParts;
}

async function pass(count: number, from = 0): Promise<void> {
  for (let n = from; n < from + count; n++) {
    expect((await rig.take(new TestDevice(`aa-${n}`))).ok).toBe(true);
  }
}
const serials = (): string[] => [...registry.held.values()].map(({ serial }) => serial).sort();

describe('the outbox of a ledger', () => {
  it('tells of each unit that passed, once, with the credential that its device holds', async () => {
    await pass(2);
    const failing = new TestDevice('aa-9');
    failing.failing.set('verify', 'verify-mismatch');
    expect((await rig.take(failing)).ok).toBe(false);
    expect(await drainOutbox(await parts())).toMatchObject({ created: 2, unchanged: 0 });
    const { lot } = rig.run.open;
    expect(serials()).toEqual([unitSerial(lot, 0), unitSerial(lot, 1)]);
    const keys = PUBLISHED.filter(({ index }) => index < 2).map(({ endpointKey }) => endpointKey);
    expect([...registry.held.keys()].sort()).toEqual(keys.sort());
    const [first] = [...registry.held.values()];
    const attributes = JSON.stringify({ firmware: '1.2.3' });
    expect(first).toMatchObject({ hardwareId: 'aa-0', lotIndex: 0, attributes });
    const { calls } = registry;
    expect(await drainOutbox(await parts())).toMatchObject({ created: 0, unchanged: 0 });
    expect(registry.calls).toBe(calls);
  });

  it('goes on where an answer was lost, and where the process died', async () => {
    await pass(3);
    registry.troubles.push('midway', 'after');
    const stop = new AbortController();
    const cut = drainOutbox(await parts(), { signal: stop.signal });
    stop.abort();
    await expect(cut).rejects.toMatchObject({ code: 'interrupted' });
    await pass(1, 3);
    const { created, unchanged, conflict } = await drainOutbox(await parts());
    expect([created + unchanged, conflict, serials().length]).toEqual([4, 0, 4]);
    expect(await countWaiting(await parts())).toBe(0);
  });

  it('begins anew for another registry, and where the cursor is lost or of another ledger', async () => {
    await pass(2);
    await drainOutbox(await parts());
    expect(await countWaiting(await parts({ url: 'https://other.example' }))).toBe(2);
    expect(await countWaiting(await parts({ path: join(folder, 'lost.json') }))).toBe(2);
    const again = await drainOutbox(await parts({ path: join(folder, 'lost.json') }));
    expect(again).toMatchObject({ created: 0, unchanged: 2, conflict: 0 });
    const path = join(folder, 'registered.json');
    const text = readFileSync(path, 'utf8');
    writeFileSync(path, text.replace(/"epoch": "[0-9a-f]+"/, `"epoch": "${'0'.repeat(32)}"`));
    expect(await countWaiting(await parts())).toBe(2);
  });

  it('says nothing of a unit that was scrapped since it passed', async () => {
    await pass(2);
    const { lotId } = rig.run.open.lot;
    const unit = { lotId, index: 0, hardwareId: 'aa-0' } as const;
    await rig.ledger.record({ ...{ type: 'scrapped', ...unit }, reason: 'dropped' });
    expect(await drainOutbox(await parts())).toMatchObject({ created: 1 });
  });

  it('names what the registry refuses, and goes on with the rest', async () => {
    await pass(3);
    const other = { lotIndex: 1, serial: unitSerial(rig.run.open.lot, 1), endpointKey: 'ek_x' };
    await registry.register('kl_other', 'verified', [other]);
    const refused: string[] = [];
    const counts = await drainOutbox(await parts(), {
      onResult: (serial, { outcome }) => {
        if (outcome === 'conflict') refused.push(serial);
      },
    });
    expect([counts.created, refused]).toEqual([2, [other.serial]]);
    expect(await countWaiting(await parts())).toBe(0);
  });
});

describe('a station’s outbox', () => {
  it('tells of units as they pass', async () => {
    await using outbox = new StationOutbox(() => parts());
    await pass(2);
    outbox.nudge();
    const tally = await outbox.end(10_000);
    expect(tally).toMatchObject({ created: 2, waiting: 0, trouble: undefined });
  });

  it('fails no unit while the registry is away, and says how many wait', async () => {
    const away = { ...(await parts()), devices: new AwayRegistry() };
    await using outbox = new StationOutbox(() => Promise.resolve(away));
    await pass(2);
    outbox.nudge();
    const tally = await outbox.end(10_000);
    expect(tally).toMatchObject({ created: 0, waiting: 2, trouble: { code: 'forbidden' } });
    expect(await drainOutbox(await parts())).toMatchObject({ created: 2 });
  });

  it('counts what passed where it is not even known to whom it would be told', async () => {
    await using outbox = new StationOutbox(() =>
      Promise.reject(new KeylineError('unauthenticated', { message: 'nobody' })),
    );
    await pass(1);
    outbox.nudge();
    expect(await outbox.end(0)).toMatchObject({ waiting: 1 });
  });
});

/** One that is not to be had. */
class AwayRegistry extends FakeRegistry {
  override register(): Promise<never> {
    return Promise.reject(new KeylineError('forbidden', { message: 'no' }));
  }
}
