import { describe, expect, it } from 'vitest';
import { fixedAddress, isPortOf, parseJig } from '../../src/device/jig.ts';
import type { PortInfo } from '../../src/device/ports/port-info.ts';

const GOOD = `name: bench
presence: poll
slots:
  - { slot: 2, port: { url: 'tcp://moxa:4001' } }
  - { slot: 1, port: { path: /dev/ttyUSB* , vendorId: 0403, location: 1-1.4 }, presence: usb }
`.replace('0403', "'0403'");

const info = (change: Partial<PortInfo> = {}): PortInfo => ({
  path: '/dev/ttyUSB3',
  vendorId: '0403',
  productId: '6001',
  serialNumber: 'A1',
  location: '1-1.4',
  manufacturer: undefined,
  ...change,
});

function mistakes(text: string): string[] {
  return parseJig(text).issues.map(({ line, column, message }) => `${line}:${column} ${message}`);
}

describe('a jig', () => {
  it('has its slots by number, each with its own presence or the jig’s', () => {
    const { jig } = parseJig(GOOD);
    expect(jig?.slots.map(({ slot, presence }) => [slot, presence])).toEqual([
      [1, 'usb'],
      [2, 'poll'],
    ]);
  });

  it('matches a port by everything that it names', () => {
    const [first] = parseJig(GOOD).jig?.slots ?? [];
    if (!first) throw new Error('no slot');
    expect(isPortOf(first, info())).toBe(true);
    expect(isPortOf(first, info({ location: '1-1.5' }))).toBe(false);
    expect(isPortOf(first, info({ vendorId: '10c4' }))).toBe(false);
    expect(isPortOf(first, info({ path: '/dev/ttyACM0' }))).toBe(false);
  });

  it('knows the address of a slot that has a fixed one', () => {
    const [first, second] = parseJig(GOOD).jig?.slots ?? [];
    if (!first || !second) throw new Error('no slots');
    expect(fixedAddress(first)).toBeUndefined();
    expect(fixedAddress(second)).toEqual({ kind: 'tcp', host: 'moxa', port: 4001 });
  });

  it.each([
    ['a slot twice', GOOD.replace('slot: 2', 'slot: 1'), '5:13 slot 1 is there twice'],
    [
      'a port twice',
      `${GOOD}  - { slot: 3, port: { url: 'tcp://moxa:4001' } }\n`,
      '6:22 is the port of slot 2 too',
    ],
    [
      'a path that the pattern of another slot takes too',
      'name: bench\nslots:\n  - { slot: 1, port: { path: /dev/ttyUSB0 } }\n  - { slot: 2, port: { path: /dev/ttyUSB* } }\n',
      '3:22 is the port of slot 2 too, by its /dev/ttyUSB*',
    ],
    [
      'an address that is none',
      GOOD.replace('tcp://moxa:4001', 'tcp://moxa'),
      /^4:29 .*not the address/,
    ],
    [
      'a network port that would have to unplug',
      GOOD.replace("4001' } }", "4001' }, presence: usb }"),
      /^4:60 a url never unplugs/,
    ],
    [
      'a member that is misspelt',
      GOOD.replace('presence: poll', 'presense: poll'),
      '2:1 there is no member presense, did you mean presence?',
    ],
    [
      'a mode that does not exist',
      GOOD.replace('poll', 'pool'),
      /^2:11 must be one of .*mean poll\?$/,
    ],
    ['no slots', 'name: bench\nslots: []\n', /^2:8 /],
  ])('with %s is refused, with line and column', (_what, text, expected) => {
    expect(mistakes(text)).toEqual([
      typeof expected === 'string' ? expected : (expect.stringMatching(expected) as string),
    ]);
  });

  it('may name a path that the pattern of another slot takes only from some devices', () => {
    const some = `${GOOD}  - { slot: 3, port: { path: /dev/ttyUSB3 } }\n`;
    expect(mistakes(some)).toEqual([]);
  });
});
