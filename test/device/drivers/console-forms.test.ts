import { createHash, createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { quoteBytes } from '../../../src/device/drivers/console-quote.ts';
import { ConsoleScreen } from '../../../src/device/drivers/console-screen.ts';
import { placeholdersOf, renderTemplate } from '../../../src/device/drivers/console-template.ts';
import { runChecks } from '../../../src/device/drivers/console-verify.ts';
import type { ConsoleCheck } from '../../../src/device/schema/console-schema.ts';
import { DeviceFailure } from '../../../src/model/failure.ts';
import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { valuesWith } from './driver-context.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function shown(...pieces: readonly string[]): string {
  const screen = new ConsoleScreen();
  for (const piece of pieces) screen.push(bytes(piece));
  return screen.text;
}

describe('what a console shows', () => {
  it('has no colours, titles, bells or carriage returns', () => {
    expect(shown('\x1b[1;32mok\x1b[0m\r\n\x1b]0;title\x07$ \x07')).toBe('ok\n$ ');
  });

  it('is the line as it was redrawn last', () => {
    expect(shown('uart:~$ se\r\x1b[J[00:01] log\r\nuart:~$ se')).toBe('[00:01] log\nuart:~$ se');
    expect(shown('esp> ab\r\x1b[0Kesp> abc\r\x1b[8C')).toBe('esp> abc');
    expect(shown('abd\b \bc')).toBe('abc');
  });

  it('joins the rows of a long line, as readline wraps them', () => {
    const line = 'x'.repeat(79);
    expect(shown(`${line}y \rz`)).toBe(`${line}yz`);
  });

  it('is the same wherever the bytes are cut, within a character or a sequence too', () => {
    const whole = 'é\x1b[31mrot\x1b[0m ✓\r\n=> ';
    const raw = bytes(whole);
    fc.assert(
      fc.property(fc.array(fc.nat({ max: raw.length })), (cuts) => {
        const screen = new ConsoleScreen();
        const places = [0, ...cuts.sort((a, b) => a - b), raw.length];
        places.slice(1).forEach((end, at) => {
          screen.push(raw.subarray(places[at], end));
        });
        expect(screen.text).toBe('érot ✓\n=> ');
      }),
    );
  });
});

describe('a value in a line', () => {
  it('comes out of a shell as it went in', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[\x20-\x7e]{0,40}$/), (text) => {
        const word = Buffer.from(quoteBytes(bytes(text), 'posix') ?? '').toString();
        const { stdout } = spawnSync('sh', ['-c', `printf %s ${word}`], { encoding: 'utf8' });
        expect(stdout).toBe(text);
      }),
      { numRuns: 20 },
    );
  });

  it('never ends the line, whatever the console', () => {
    for (const style of ['posix', 'u-boot', 'python', 'none'] as const) {
      for (const text of ['a\nb', 'a\rb', 'a\x03', '\x1b[A']) {
        expect(quoteBytes(bytes(text), style)).toBeUndefined();
      }
    }
  });

  it('is refused where the console has no way to write it', () => {
    expect(quoteBytes(bytes("it's"), 'u-boot')).toBeUndefined();
    expect(quoteBytes(bytes('a b'), 'none')).toBeUndefined();
    expect(quoteBytes(bytes('a;b'), 'none')).toBeUndefined();
    expect(quoteBytes(bytes('a$b'), 'none')).toBeUndefined();
    expect(quoteBytes(bytes(''), 'none')).toBeUndefined();
    expect(Buffer.from(quoteBytes(bytes("a'\\b"), 'python') ?? '').toString()).toBe(
      String.raw`'a\'\\b'`,
    );
  });

  it('stands where its placeholder was, and the console’s own braces stay', () => {
    const line = renderTemplate('set {{x}} ${addr} {key} {} {1}', 'u-boot', () => ({
      use: (borrow) => borrow(bytes('K')),
    }));
    expect(Buffer.from(line).toString()).toBe("set {x} ${addr} 'K' {} {1}");
    expect(placeholdersOf('{{x}} ${addr} {key}')).toEqual(['key']);
  });
});

describe('what a device told', () => {
  const secret = bytes('0123456789abcdef0123456789abcdef');
  const challenge = new Uint8Array(32).fill(5);

  function outcome(
    checks: readonly ConsoleCheck[],
    told: string,
    key: Uint8Array | string = secret,
  ) {
    const values = valuesWith({ it: key });
    try {
      const captured = new Map([['told', told]]);
      return runChecks(checks, { captured, values, challenge, rawNames: new Set() }).kind;
    } catch (error) {
      if (error instanceof DeviceFailure) return error.code;
      throw error;
    }
  }

  const digest = createHash('sha256').update(secret).digest('hex');
  const mac = createHmac('sha256', secret).update(challenge).digest('hex');

  it('is a digest only when it is the one of these bytes', () => {
    const check = { captured: 'told', digest: 'it' };
    expect(outcome([check], digest)).toBe('digest');
    expect(outcome([check], digest.toUpperCase())).toBe('digest');
    expect(
      outcome(
        [check],
        digest.replace(/^./, (c) => (c === '0' ? '1' : '0')),
      ),
    ).toBe('verify-mismatch');
    expect(outcome([check], digest.slice(2))).toBe('verify-mismatch');
    expect(outcome([check], '')).toBe('verify-mismatch');
  });

  it('is a proof only when it was computed over this challenge with this secret', () => {
    const check: ConsoleCheck = { captured: 'told', proof: 'hmac-sha256', key: 'it' };
    expect(outcome([check], mac)).toBe('proof');
    const old = createHmac('sha256', secret).update(new Uint8Array(32)).digest('hex');
    expect(outcome([check], old)).toBe('verify-mismatch');
    const text = Buffer.from(challenge).toString('hex');
    const overText = createHmac('sha256', secret).update(text).digest('base64');
    expect(outcome([{ ...check, over: 'text', as: 'base64' }], overText)).toBe('proof');
  });

  it.each(['ed25519', 'ecdsa-sha256'] as const)(
    'is a signature of %s only by the unit’s key',
    (proof) => {
      const make = () =>
        proof === 'ed25519'
          ? generateKeyPairSync('ed25519')
          : generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const [own, other] = [make(), make()];
      const key = own.publicKey.export({ format: 'der', type: 'spki' }).toString('base64');
      const algorithm = proof === 'ed25519' ? null : 'sha256';
      const check: ConsoleCheck = { captured: 'told', proof, key: 'it' };
      const signed = sign(algorithm, challenge, own.privateKey).toString('hex');
      expect(outcome([check], signed, key)).toBe('proof');
      const forged = sign(algorithm, challenge, other.privateKey).toString('hex');
      expect(outcome([check], forged, key)).toBe('verify-mismatch');
      expect(outcome([check], 'zz', key)).toBe('verify-mismatch');
    },
  );

  it('counts as the weakest that was shown of a secret', () => {
    const both = [
      { captured: 'told', digest: 'it' },
      { captured: 'told', digest: 'it' },
    ];
    expect(outcome(both, digest)).toBe('digest');
  });
});
