import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PosixConsole } from '../../../src/device/simulator/console/posix-console.ts';
import { MicroPythonConsole } from '../../../src/device/simulator/console/micropython-console.ts';
import type { DialectParts } from '../../../src/device/simulator/console/console-dialect.ts';
import { pickFrom } from '../../../src/device/simulator/device-identity.ts';
import { samplePattern } from '../../../src/device/simulator/sample-pattern.ts';
import { DeviceMemory } from '../../../src/device/simulator/device-memory.ts';
import { temporaryFolder } from './bench.ts';

function withParts<T>(work: (parts: DialectParts) => T): T {
  using folder = temporaryFolder();
  const memory = DeviceMemory.open(`${folder.path}/device-1.json`, {
    ...{ device: 1, hardwareId: '0badcafe', model: 'M', profile: 'p' },
  });
  return work({ memory, identity: () => '0badcafe', model: 'M' });
}

/** What `sh` of this machine makes of the same line. */
function realShell(line: string): string {
  using folder = temporaryFolder();
  return spawnSync('sh', ['-c', line], { cwd: folder.path, encoding: 'latin1' }).stdout;
}

describe('the simulated shell', () => {
  it.each([
    `echo a b; echo "c  d" 'e$x'`,
    `false && echo no; echo $?; true && echo yes || echo other`,
    `false || echo other; (false; true); echo $?`,
    `if [ 1 = 2 ]; then echo a; else echo b; fi; if true; then echo c; fi`,
    `x=5; echo "$x" '$x' \${x}y $(echo "in $x")`,
    `printf %s 'it'\\''s' | sha256sum`,
    `printf '%s-%s\\n' a b; printf '\\141\\142\\n'`,
    `[ -z "" ] && echo empty; [ -n x ] && echo full; test ! x = y && echo differs`,
    `echo hidden > /dev/null; echo shown 2>&1`,
    `false; echo "12"34:$?:`,
    `echo a\\ b\\;c "q\\"q" "back\\slash"`,
  ])('does what sh does: %s', (line) => {
    withParts((parts) => {
      expect(new PosixConsole(parts).run(line).output).toBe(realShell(line));
    });
  });

  it.each(['echo "open', 'if true; then echo a', '( echo a', '&& echo a', 'echo a )'])(
    'refuses %s',
    (line) => {
      withParts((parts) => {
        expect(new PosixConsole(parts).run(line).output).toBe('sh: syntax error\n');
      });
    },
  );

  it.each(['echo a; echo $(if)', 'true || echo "$(echo "$(>)")"'])(
    'refuses %s whole, as sh does, for what stands in its $()',
    (line) => {
      withParts((parts) => {
        expect(new PosixConsole(parts).run(line).output).toBe('sh: syntax error\n');
        expect(realShell(line)).toBe('');
      });
    },
  );
});

describe('the simulated interpreter', () => {
  it.each([
    ['1+2*3', '7\n'],
    ['"a" "b"', 'SyntaxError'],
    ['x=5;x^3', '6\n'],
    ['(lambda *p:len(p))(1,2,3)', '3\n'],
    ['bytes(a^0x5c for a in b"ab")', String.raw`b'=>'` + '\n'],
    ['print("yes" if "b" in ["a","b"] else "no")', 'yes\n'],
    ['None', ''],
    ['nope', 'NameError'],
    ['open("none").read()', 'ENOENT'],
    ['import binascii;binascii.hexlify(b"\\x00\\xff")', "b'00ff'\n"],
  ])('answers %s', (line, answer) => {
    withParts((parts) => {
      expect(new MicroPythonConsole(parts).run(line).output).toContain(answer);
    });
  });
});

describe('a sample of a pattern', () => {
  it.each([
    '[0-9a-f]{16,32}',
    '[0-9]{15}',
    'SN-(?:A|B)\\d{4}-\\w+',
    '.*[#$] ',
    'esp32?[a-z0-9]*> ',
    '[^a-z]{3}x?',
  ])('fits %s', (source) => {
    fc.assert(
      fc.property(fc.string(), (seed) => {
        const text = samplePattern(source, pickFrom(seed));
        expect(text).toMatch(new RegExp(`^(?:${source})$`));
      }),
      { numRuns: 50 },
    );
  });

  it('is none where the pattern has what it does not know', () => {
    expect(samplePattern('(?=a)b', pickFrom(''))).toBeUndefined();
    expect(samplePattern('(', pickFrom(''))).toBeUndefined();
  });
});
