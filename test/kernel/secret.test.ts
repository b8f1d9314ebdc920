import { format, inspect } from 'node:util';
import { expect, test } from 'vitest';
import { Secret } from '../../src/kernel/secret.ts';

const bytes = () => Uint8Array.from([0xde, 0xad, 0xbe, 0xef]);

test('a secret prints as [secret] in every way that JavaScript prints', () => {
  const secret = Secret.take(bytes());
  const prints = [
    String(secret),
    // eslint-disable-next-line @typescript-eslint/restrict-template-expressions
    `${secret}`,
    JSON.stringify(secret),
    JSON.stringify({ nested: [secret] }),
    inspect(secret, { showHidden: true, depth: 9 }),
    inspect({ nested: secret }),
    format('%s %o %j %O', secret, secret, secret, secret),
  ];
  for (const print of prints) {
    expect(print).toContain('[secret]');
    expect(print).not.toMatch(/de|222|173/i);
  }
  expect(Object.keys(secret)).toEqual([]);
});

test('disposal wipes the memory that was taken and forbids further use', () => {
  const memory = bytes();
  const secret = Secret.take(memory);
  secret[Symbol.dispose]();
  expect([...memory]).toEqual([0, 0, 0, 0]);
  expect(() => {
    secret.use(() => undefined);
  }).toThrow();
});

test('a copy leaves the bytes it came from to their owner', () => {
  const memory = bytes();
  const secret = Secret.copyOf(memory);
  memory.fill(1);
  expect(secret.use((held) => [...held])).toEqual([0xde, 0xad, 0xbe, 0xef]);
});

test('a clone outlives the secret it was made from', () => {
  const secret = Secret.take(bytes());
  const clone = secret.clone();
  secret[Symbol.dispose]();
  expect(clone.use((held) => held.length)).toBe(4);
});
