import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseLotId } from '../../src/model/ids.ts';
import { resolutionOf, shellWord } from '../../src/model/resolution.ts';
import type { UnitRecord } from '../../src/model/unit-record.ts';

const unit = (change: Partial<UnitRecord>): UnitRecord => ({
  ...{ lotId: parseLotId('kl_dx5ytj1vmbk5rf40kn1wfgbt5w'), index: 7, hardwareId: 'id-7' },
  ...{ state: 'failed', failures: 1, firstAt: '', changedAt: '', station: 'line-1', seq: 9 },
  ...change,
});
const verbs = (change: Partial<UnitRecord>): string[] =>
  resolutionOf(unit(change), 'A1').commands.map((line) => line.split(' ')[2] ?? '');

describe('what resolves a unit', () => {
  it('is its device again, or an end to it, where another attempt may pass', () => {
    const { next, commands } = resolutionOf(unit({ code: 'no-answer' }), 'A1');
    expect(next).toContain('id-7');
    expect(commands).toEqual([`keyline unit scrap A1 7 --reason 'beyond repair'`]);
    expect(verbs({ state: 'writing' })).toEqual(['scrap']);
    expect(verbs({ state: 'written' })).toEqual(['scrap']);
  });

  it('is a fresh credential where two devices share one, and rework where nothing else helps', () => {
    expect(verbs({ code: 'duplicate-id' })).toEqual(['replace', 'scrap']);
    expect(verbs({ code: 'already-provisioned' })).toEqual(['rework', 'scrap']);
    expect(verbs({ code: 'external' })).toEqual(['rework', 'scrap']);
  });

  it('is the next run where nothing was written, unless the unit replaces another', () => {
    expect(verbs({ state: 'reserved' })).toEqual([]);
    expect(verbs({ state: 'reserved', replaces: 3 })).toEqual(['scrap']);
  });

  it('is a command line that a shell reads as it was meant', () => {
    const texts = fc.string({ unit: 'grapheme-ascii', minLength: 1 });
    fc.assert(
      fc.property(texts, (text) => {
        const said = execFileSync('/bin/sh', ['-c', `printf %s ${shellWord(text)}`]);
        expect(said.toString()).toBe(text);
      }),
      { numRuns: 30 },
    );
  });
});
