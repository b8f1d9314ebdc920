import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createMemoryPort } from '../../src/device/ports/memory-port.ts';
import { logPort } from '../../src/device/ports/logged-port.ts';
import { formatWireEntry, WireLog } from '../../src/device/wire-log.ts';
import type { WireEntry } from '../../src/device/wire-log.ts';
import { Secret } from '../../src/kernel/secret.ts';

/** 32 bytes that nobody chose. */
const key = createHash('sha256').update('a test of the wire log').digest();
const raw = (bytes: Uint8Array): Buffer => Buffer.from(bytes);

function logged(
  secret: Uint8Array,
  record: (log: WireLog) => void,
): { readonly entries: WireEntry[]; readonly text: string; readonly bytes: Buffer } {
  const entries: WireEntry[] = [];
  const log = new WireLog({
    sink: (entry) => entries.push(entry),
    clock: { now: () => new Date('2026-03-01T08:00:00.125Z') },
  });
  log.protect(Secret.copyOf(secret));
  record(log);
  log[Symbol.dispose]();
  const bytes = Buffer.concat(entries.map((entry) => entry.bytes));
  return { entries, text: bytes.toString('latin1'), bytes };
}

/** What the system's own tools make of the bytes. */
function tool(command: string, args: readonly string[], input: Uint8Array): Buffer {
  const { stdout, status, error } = spawnSync(command, args, { input });
  if (status !== 0) throw error ?? new Error(`${command} failed`);
  return stdout;
}

describe('a secret of raw bytes', () => {
  const hexDump = tool('od', ['-An', '-tx1', '-v'], key);
  test.each([
    ['as it is', raw(key)],
    ['in hexadecimal', Buffer.from(key.toString('hex'))],
    ['in upper-case hexadecimal', Buffer.from(key.toString('hex').toUpperCase())],
    ['in hexadecimal with colons', Buffer.from((key.toString('hex').match(/../g) ?? []).join(':'))],
    ['in a hex dump', hexDump],
    [
      'as C escapes',
      Buffer.from((key.toString('hex').match(/../g) ?? []).map((b) => `\\x${b}`).join('')),
    ],
    [
      'as an array',
      Buffer.from((key.toString('hex').match(/../g) ?? []).map((b) => `0x${b}`).join(', ')),
    ],
    ['in base64', tool('base64', ['-w0'], key)],
    ['in base64, wrapped', tool('base64', ['-w10'], key)],
    ['in base64url', Buffer.from(key.toString('base64url'))],
    ['in base64 behind one byte', tool('base64', ['-w0'], Buffer.concat([Buffer.of(1), key]))],
    [
      'in base64 between others',
      tool('base64', ['-w0'], Buffer.concat([Buffer.of(1, 2), key, Buffer.of(3)])),
    ],
  ])('is masked %s', (_how, form) => {
    const { text, bytes } = logged(key, (log) => {
      log.sent(Buffer.concat([Buffer.from('set key '), form, Buffer.from('\r\n=> ')]));
    });
    expect(text).toContain('set key ');
    expect(text).toContain('[secret]');
    expect(text).toContain('\r\n=> ');
    expect(longestShared(bytes, form)).toBeLessThan(8);
  });
});

test.each([
  ['hexadecimal', key.toString('hex'), key.toString('base64')],
  ['base64', key.toString('base64'), key.toString('hex')],
  ['a prefixed secret', `es_${key.toString('base64url')}`, key.toString('hex')],
])('a secret that is sent as %s is masked in what it stands for, too', (_how, value, other) => {
  const { text } = logged(Buffer.from(value), (log) => {
    log.received(Buffer.from(`one ${value}\n`));
    log.received(Buffer.from(`two ${other}\n`));
    log.received(Buffer.concat([Buffer.from('three '), key, Buffer.from('.\n')]));
  });
  expect(text.replaceAll('=', '')).toBe('one [secret]\ntwo [secret]\nthree [secret].\n');
});

test('a secret is masked wherever the chunks are cut, and nothing else is', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 16, maxLength: 48 }).filter((bytes) => new Set(bytes).size > 8),
      fc.constantFrom('hex', 'base64', 'base64url', 'latin1'),
      fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1 }),
      (secret, encoding, cuts) => {
        const form = Buffer.from(raw(secret).toString(encoding), 'latin1');
        const line = Buffer.concat([Buffer.from('before << '), form, Buffer.from(' >> after')]);
        const { bytes } = logged(secret, (log) => {
          for (let at = 0, turn = 0; at < line.length; turn++) {
            const size = cuts[turn % cuts.length] ?? 1;
            log.received(line.subarray(at, at + size));
            at += size;
          }
        });
        const text = bytes.toString('latin1');
        expect(text.startsWith('before << ')).toBe(true);
        expect(text.endsWith(' >> after')).toBe(true);
        expect(longestShared(bytes.subarray(10, -9), form)).toBeLessThan(8);
      },
    ),
    { numRuns: 200 },
  );
});

test('an echo that lost a byte is masked on both sides of the gap', () => {
  const hex = key.toString('hex');
  const { text } = logged(key, (log) => {
    log.received(Buffer.from(hex.slice(0, 20) + hex.slice(21)));
  });
  expect(text).toMatch(/^\[secret\].{0,7}(\[secret\])?$/);
});

test('an echo of single characters between the writes is masked', () => {
  const { entries } = logged(key, (log) => {
    for (const character of key.toString('hex')) {
      log.sent(Buffer.from(character));
      log.received(Buffer.from(character));
    }
  });
  for (const direction of ['sent', 'received']) {
    const all = entries.filter((entry) => entry.direction === direction);
    expect(Buffer.concat(all.map((entry) => entry.bytes)).toString()).toBe('[secret]');
  }
});

test('what is no secret goes through unaltered, every byte value of it', () => {
  const sent = Buffer.from(Array.from({ length: 1024 }, (_, at) => at % 256));
  const { bytes } = logged(key, (log) => {
    log.sent(sent);
  });
  expect(bytes.equals(sent)).toBe(true);
});

test('notes and reasons are masked', () => {
  const { text } = logged(key, (log) => {
    log.note(`the device answered ${key.toString('hex')}`);
    expect(log.mask(`no: ${key.toString('base64')}.`)).not.toContain(
      key.toString('base64').slice(0, 8),
    );
  });
  expect(text).toBe('the device answered [secret]');
});

test('an entry is one line that prints', () => {
  const { entries } = logged(key, (log) => {
    log.received(Buffer.from('\u001b[1mok\r\n\\\t', 'latin1'));
  });
  expect(entries.map(formatWireEntry).join('|')).toContain('2026-03-01T08:00:00.125Z < ');
  expect(entries.map((entry) => formatWireEntry(entry).slice(27)).join('')).toBe(
    '\\x1b[1mok\\r\\n\\\\\\t',
  );
});

test('a logged port records both ways and closes the port', async () => {
  const entries: WireEntry[] = [];
  const log = new WireLog({ sink: (entry) => entries.push(entry) });
  const { port, device } = createMemoryPort();
  device.onWrite = () => {
    device.feed('pong');
  };
  const watched = logPort(port, log);
  await watched.write(Buffer.from('ping'));
  expect(Buffer.from((await watched.read({ timeoutMs: 60_000 })) ?? []).toString()).toBe('pong');
  await watched[Symbol.asyncDispose]();
  await port.closed;
  log.flush();
  const said = (direction: string): string =>
    Buffer.concat(
      entries.filter((entry) => entry.direction === direction).map((entry) => entry.bytes),
    ).toString();
  expect([said('sent'), said('received')]).toEqual(['ping', 'pong']);
});

/** Length of the longest run of bytes that both hold. */
function longestShared(log: Buffer, form: Buffer): number {
  let longest = 0;
  for (let from = 0; from < form.length; from++) {
    while (from + longest < form.length && log.includes(form.subarray(from, from + longest + 1))) {
      longest++;
    }
  }
  return longest;
}
