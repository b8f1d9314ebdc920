import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { endpointKeyOf, idBytes, lotIdOf, provisioningKeyOf } from '../../src/model/ids.ts';
import { independentUnit } from '../derive/independent.ts';
import { Checker } from './checker.ts';
import type { Law, Scene } from './checker.ts';
import type { DeviceManners, KnownDevice } from './device-manners.ts';
import type { RawEvent, RawLedger } from './read-ledger.ts';
import { lotSecretOf, UnitTable } from './units.ts';

const SECRET = createHash('sha256').update('a provisioning secret').digest();
const LOT = {
  lotId: lotIdOf(new Uint8Array(16).fill(7)),
  provisioningKey: provisioningKeyOf(new Uint8Array(16).fill(9)),
  size: 4,
};
const HONEST: DeviceManners = { borrowedIds: new Set(), drifts: undefined, isFaulty: false };

/** What a device has in its flash that was written with this unit, whole or its secret alone. */
function flashOf(index: number, isWhole = true): Map<string, Uint8Array> {
  const lotSecret = lotSecretOf(SECRET, LOT.lotId);
  const provisioningKey = idBytes(LOT.provisioningKey);
  const unit = independentUnit('psk', index, { lotSecret, provisioningKey });
  const secret = Buffer.from(unit.secret.toString('base64'));
  const flash = new Map<string, Uint8Array>([['/etc/keyline/secret', secret]]);
  if (isWhole) flash.set('/etc/keyline/key', Buffer.from(endpointKeyOf(unit.endpointKey)));
  return flash;
}

function device(number: number, change: Partial<KnownDevice> = {}): KnownDevice {
  return { number, hardwareId: `id-${number}`, flash: new Map(), manners: HONEST, ...change };
}

/** Events as a ledger of four units has them: `moves` are `type index device`. */
function ledgerOf(moves: readonly string[], change: Partial<RawLedger> = {}): RawLedger {
  const units = new Map<number, { state: string; hardwareId: string }>();
  const events = moves.map((move, at): RawEvent => {
    const [type = '', index = '', number = ''] = move.split(' ');
    const state = type === 'checked' ? 'done' : type;
    if (state === 'released') units.delete(Number(index));
    else units.set(Number(index), { state, hardwareId: `id-${number}` });
    const place = { index: Number(index), hardwareId: `id-${number}` };
    return { seq: at + 2, hash: `hash-${at + 2}`, type, ...place };
  });
  const admitted: RawEvent = {
    ...{ seq: 1, hash: 'hash-1', type: 'admitted' },
    ranges: [{ from: 0, count: LOT.size }],
  };
  const all = [0, 1, 2, 3].filter((index) => !units.has(index));
  const free = all.reduce<[number, number][]>((spans, index) => {
    const last = spans.at(-1);
    if (last?.[1] === index) last[1] = index + 1;
    else spans.push([index, index + 1]);
    return spans;
  }, []);
  return { events: [admitted, ...events], flaws: [], units, free, ...change };
}

const PASS = ['reserved 0 1', 'writing 0 1', 'written 0 1', 'verified 0 1', 'done 0 1'];

/** A station that gave unit 0 to device 1, which passed. */
function scene(change: Partial<Scene> = {}): Scene {
  return {
    ledger: ledgerOf(PASS),
    devices: [device(1, { flash: flashOf(0) }), device(2)],
    readBack: new Map([[1, true]]),
    toldPasses: [{ hardwareId: 'id-1', index: 0 }],
    witness: { seq: 6, hash: 'hash-6' },
    hasWitness: true,
    isCleanEnd: true,
    ...change,
  };
}

function lawsBroken(...scenes: readonly Partial<Scene>[]): Law[] {
  const checker = new Checker(new UnitTable(LOT, SECRET));
  const found = scenes.flatMap((one) => checker.check(scene(one)));
  return [...new Set(found.map(({ law }) => law))].sort();
}

describe('the checker of the torture', () => {
  it('finds nothing where a device passed and holds what it was given', () => {
    expect(lawsBroken({})).toEqual([]);
  });

  it.each<[string, Partial<Scene>, Law]>([
    [
      'a unit that passed and is not on its device',
      { devices: [device(1, { flash: flashOf(0, false) })] },
      'no-false-pass',
    ],
    [
      'a unit that passed with the credential of another',
      { devices: [device(1, { flash: flashOf(1) })] },
      'no-false-pass',
    ],
    [
      'a device that holds what nobody gave it',
      { devices: [device(1, { flash: flashOf(0) }), device(2, { flash: flashOf(1) })] },
      'no-unrecorded-credential',
    ],
    [
      'half a credential on two devices',
      { devices: [device(1, { flash: flashOf(0) }), device(2, { flash: flashOf(0, false) })] },
      'one-device-a-credential',
    ],
    [
      'a verification of a device that was not read',
      { readBack: new Map([[1, false]]) },
      'verified-means-read',
    ],
    [
      'a pass that was told and is not on record',
      { toldPasses: [{ hardwareId: 'id-2', index: 1 }] },
      'told-means-recorded',
    ],
    ['a witness that is behind', { witness: { seq: 5, hash: 'hash-5' } }, 'witness-true'],
    ['a witness that is ahead', { witness: { seq: 7, hash: 'hash-7' } }, 'witness-true'],
    ['a witness of another event', { witness: { seq: 6, hash: 'another' } }, 'witness-true'],
    ['a flaw of the chain', { ledger: ledgerOf(PASS, { flaws: ['a flaw'] }) }, 'ledger-whole'],
    [
      'an index that is neither free nor anybody’s',
      { ledger: ledgerOf(PASS, { free: [[2, 4]] }) },
      'no-index-lost',
    ],
    [
      'a unit that is left half done by a station that ended',
      { ledger: ledgerOf(PASS.slice(0, 3)), witness: undefined, toldPasses: [] },
      'ends-clean',
    ],
    [
      'a move that is not allowed',
      { ledger: ledgerOf(['reserved 0 1', 'verified 0 1', 'done 0 1']) },
      'ledger-whole',
    ],
  ])('finds %s', (_name, change, law) => {
    expect(lawsBroken(change)).toContain(law);
  });

  it('finds one index that goes to two devices', () => {
    const moves = ['reserved 0 1', 'writing 0 1', 'released 0 1', 'reserved 0 2', 'writing 0 2'];
    expect(lawsBroken({ ledger: ledgerOf(moves) })).toContain('one-device-a-credential');
  });

  it('finds one device that gets two indexes', () => {
    const moves = ['reserved 0 1', 'writing 0 1', 'reserved 1 1', 'writing 1 1'];
    expect(lawsBroken({ ledger: ledgerOf(moves) })).toContain('own-credential-again');
  });

  it('finds an index that was passed over', () => {
    expect(lawsBroken({ ledger: ledgerOf(['reserved 1 1']) })).toContain('no-index-lost');
  });

  it('finds a device that held its credential whole and is written again', () => {
    const begun = { isCleanEnd: false, hasWitness: false, toldPasses: [] };
    const before = { ...begun, ledger: ledgerOf(PASS.slice(0, 3)) };
    const all = ledgerOf([...PASS.slice(0, 3), 'failed 0 1', 'writing 0 1']);
    const after = { ...begun, ledger: { ...all, events: all.events.slice(4) } };
    expect(lawsBroken(before, after)).toEqual(['inspected-before-written']);
  });

  it('finds a foreign credential that was overwritten', () => {
    const foreign = new Map([['key', Buffer.from('ek_00000000000000000000000000')]]);
    const none = { ...ledgerOf([]), events: [] };
    const start = { toldPasses: [], witness: undefined, ledger: ledgerOf([]) };
    const before = { ...start, devices: [device(1, { flash: foreign })] };
    const after = { ...start, ledger: none, devices: [device(1)] };
    expect(lawsBroken(before, after)).toContain('foreign-stays');
  });

  it('finds an event that is another one than it was', () => {
    const checker = new Checker(new UnitTable(LOT, SECRET));
    checker.check(scene());
    const ledger = ledgerOf(PASS);
    expect(checker.checkHistory(ledger)).toEqual([]);
    const events = ledger.events.map((event) =>
      event.seq === 3 ? { ...event, hash: 'another' } : event,
    );
    expect(checker.checkHistory({ ...ledger, events })).toHaveLength(1);
    expect(checker.checkHistory({ ...ledger, events: events.slice(0, 5) })).toHaveLength(2);
  });

  it('lets a device be another one only where it said so', () => {
    const twin = device(2, {
      flash: flashOf(0),
      manners: { ...HONEST, borrowedIds: new Set(['id-1']) },
    });
    expect(lawsBroken({ devices: [device(1), twin] })).toEqual([]);
    expect(lawsBroken({ devices: [device(1), device(2, { flash: flashOf(0) })] })).toEqual([
      'no-false-pass',
      'no-unrecorded-credential',
    ]);
  });
});
