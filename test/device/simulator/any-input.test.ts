import fc from 'fast-check';
import { describe, it } from 'vitest';
import { frameSmpMessage } from '../../../src/device/drivers/smp-frame.ts';
import { encodeSmpMessage } from '../../../src/device/drivers/smp-message.ts';
import type { SmpValue } from '../../../src/device/drivers/smp-message.ts';
import type { DeviceProfile } from '../../../src/device/profile-model.ts';
import { createProtocol } from '../../../src/device/simulator/simulated-protocols.ts';
import { DeviceMemory } from '../../../src/device/simulator/device-memory.ts';
import { fixtureProfile, temporaryFolder } from './bench.ts';

/** Names that every JavaScript object has, and files and counts that no device has room for. */
const TRAPS = [
  'constructor',
  '__proto__',
  'toString',
  '-1',
  '0',
  '99999999999',
  '"',
  "'",
  ' ',
  ' ',
];
const SHELL = [
  ...'();|<>[]$={}!?"',
  '&&',
  '||',
  '>>',
  '2>&1',
  '$(',
  '${',
  'if',
  'then',
  'else',
  'fi',
];
const FILES = ['echo', 'cat', 'printf', '%s', 'rm', 'mv', 'ls', 'test', 'f', '/etc/x', 'x', '-n'];
const PYTHON = [
  ...'()[]{}.,:;=*+-%^|&"x1',
  ...['lambda', 'for', 'in', 'if', 'else', 'not', 'import', 'print', 'bytes', 'len', 'open', 'str'],
  ...['x=', 'b"', '//', '99999', 'x=x+x', 'x=lambda:x()', 'x=[x,x]', 'os', 'read', 'join', '*x'],
];
const PIECES: Readonly<Record<string, readonly string[]>> = {
  'linux-shell': [...SHELL, ...FILES, 'x=$x$x'],
  'u-boot': [
    ...SHELL,
    ...[
      'setenv',
      'printenv',
      'saveenv',
      'env',
      'export',
      'import',
      '-t',
      '-s',
      'load',
      'save',
      'x',
    ],
  ],
  'zephyr-shell': [
    'settings',
    'read',
    'write',
    'list',
    'delete',
    'string',
    'hex',
    'dev/x',
    'retval',
  ],
  'esp-idf-console': ['nvs_set', 'nvs_get', 'nvs_erase', 'nvs_namespace', 'str', '-v', 'x', 'mac'],
  micropython: PYTHON,
  nrf91: [
    'AT',
    '+CFUN=',
    '%CMNG=',
    '#XRESET',
    '+CGSN',
    '=',
    '?',
    ',',
    '1',
    '3',
    '"00"',
    '16842753',
  ],
};

/** What a line of the device may come from: its own words, traps, any bytes. */
function typed(pieces: readonly string[]): fc.Arbitrary<string> {
  const word = fc.constantFrom(...pieces, ...TRAPS);
  const any = fc.string({ unit: 'binary', maxLength: 4 });
  const few = fc.array(fc.oneof({ weight: 9, arbitrary: word }, any), { maxLength: 12 });
  const deep = fc.tuple(word, fc.integer({ min: 1, max: 1000 }), fc.boolean());
  return fc.oneof(
    {
      weight: 9,
      arbitrary: fc.tuple(few, fc.constantFrom('', ' ')).map(([all, gap]) => all.join(gap)),
    },
    deep.map(([piece, count, isApart]) => `${piece}${isApart ? ' ' : ''}`.repeat(count)),
  );
}

/** Runs `work` with a simulated device of the profile that is there already, and ends it. */
function feed(profile: DeviceProfile, work: (send: (bytes: Uint8Array) => void) => void): void {
  using folder = temporaryFolder();
  const facts = { device: 1, hardwareId: '0badcafe', model: 'M', profile: profile.name };
  const protocol = createProtocol({
    profile,
    memory: DeviceMemory.open(`${folder.path}/device-1.json`, facts),
    model: 'M',
    identity: () => '0badcafe',
    send: () => undefined,
    restarted: () => undefined,
  });
  protocol.boot();
  work((bytes) => {
    protocol.received(bytes);
  });
}

describe('a simulated device never throws, whatever is sent to it', () => {
  it.each(Object.keys(PIECES))('%s', (name) => {
    const profile = fixtureProfile(name);
    const lines = fc.array(typed(PIECES[name] ?? []), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(lines, (all) => {
        feed(profile, (send) => {
          for (const line of all) send(Buffer.from(`${line}\r`));
        });
      }),
    );
  });

  const value: fc.Arbitrary<SmpValue> = fc.oneof(
    fc.constantFrom<SmpValue>('dev', '/lfs/x', 'constructor', null, undefined, -1, 0, 7, 1e300),
    fc.uint8Array({ maxLength: 64 }).map((bytes) => Uint8Array.from(bytes)),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
    fc.array(fc.constantFrom('hwinfo', 'devid', 'v'), { maxLength: 3 }),
  );
  const name = fc.constantFrom(
    'name',
    'val',
    'off',
    'len',
    'data',
    'argv',
    'format',
    'd',
    'max_size',
  );
  const request = fc.record({
    version: fc.constant(1),
    op: fc.constantFrom(0 as const, 2 as const),
    flags: fc.nat(255),
    group: fc.constantFrom(0, 3, 8, 9, 64),
    sequence: fc.nat(255),
    id: fc.nat(8).filter((id) => id !== 5),
    body: fc.array(fc.tuple(name, value), { maxLength: 5 }).map((members) => new Map(members)),
  });

  it.each(['zephyr-smp-settings', 'zephyr-smp-fs'])('%s', (profileName) => {
    feed(fixtureProfile(profileName), (send) => {
      fc.assert(
        fc.property(fc.oneof(request, fc.uint8Array({ maxLength: 40 })), (sent) => {
          if (sent instanceof Uint8Array) send(Uint8Array.of(6, 9, ...sent, 10));
          else for (const line of frameSmpMessage(encodeSmpMessage(sent))) send(line);
        }),
        { numRuns: 500 },
      );
    });
  });
});
