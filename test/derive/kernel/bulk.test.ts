import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { kernelPath, kernelState } from '../../../src/derive/kernel/module.ts';
import { Secret } from '../../../src/kernel/secret.ts';
import { idBytes } from '../../../src/model/ids.ts';
import { independentEndpointKey, independentUnit } from '../independent.ts';
import { VECTORS } from '../lots.ts';
import { lotSecretOf, openKernel, setBlockOf } from './kernel-under-test.ts';

const LOT = VECTORS.lots[1];
const PROVISIONING_KEY = idBytes(VECTORS.provisioningKey);
const kernel = openKernel();

describe('the kernel in bulk', () => {
  it('expands the published seeds, serials and claim codes', () => {
    for (const unit of LOT.p256) {
      setBlockOf(kernel, lotSecretOf(LOT), unit.index);
      const serial = Buffer.alloc(16);
      kernel.expand('keyline/v1 x509-serial', { from: unit.index, count: 1 }, serial);
      serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
      expect(serial.toString('hex')).toBe(unit.x509SerialHex);
    }
    for (const unit of LOT.ed25519) {
      setBlockOf(kernel, lotSecretOf(LOT), unit.index);
      const seed = Buffer.alloc(32);
      kernel.expand('keyline/v1 ed25519-seed', { from: unit.index, count: 1 }, seed);
      expect(`es_${seed.toString('base64url')}`).toBe(unit.privateKey);
    }
  });

  it('expands any label, length and range as HKDF over node:crypto does', () => {
    const key = Buffer.alloc(32, 0xa7);
    using secret = Secret.copyOf(key);
    fc.assert(
      fc.property(
        fc.stringMatching(/^[ -~]{1,60}$/),
        fc.constantFrom(1, 10, 16, 31, 32, 33, 48, 64),
        fc.maxSafeNat().map((n) => (n % 2 ** 36) * 4096),
        fc.integer({ min: 1, max: 70 }),
        (label, sizeBytes, from, count) => {
          kernel.setBlock(secret);
          const out = Buffer.alloc(count * sizeBytes);
          kernel.expand(label, { from, count }, out);
          for (let position = 0; position < count; position++) {
            const expected = hkdf(key, label, from + position).subarray(0, sizeBytes);
            const got = out.subarray(position * sizeBytes, (position + 1) * sizeBytes);
            expect(got.toString('hex')).toBe(expected.toString('hex'));
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it('commits to values of any size up to 119 bytes as node:crypto does', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 119 }),
        fc.integer({ min: 1, max: 11 }),
        fc.nat({ max: 255 }),
        (sizeBytes, count, seed) => {
          const values = Buffer.from(
            Array.from({ length: sizeBytes * count }, (_, at) => seed + at * 7),
          );
          const out = Buffer.alloc(16 * count);
          kernel.commit(values, out);
          for (let at = 0; at < count; at++) {
            const value = values.subarray(at * sizeBytes, (at + 1) * sizeBytes);
            const expected = independentEndpointKey(PROVISIONING_KEY, value);
            expect(out.subarray(16 * at, 16 * (at + 1)).equals(expected)).toBe(true);
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it('derives a whole block of psk units as the rows have them', () => {
    const lotSecret = lotSecretOf(LOT);
    setBlockOf(kernel, lotSecret, 8_192);
    const secrets = Buffer.alloc(32 * 4_096);
    kernel.expand('keyline/v1 endpoint-secret', { from: 8_192, count: 4_096 }, secrets);
    const keys = Buffer.alloc(16 * 4_096);
    kernel.commit(secrets, keys);
    for (const at of [0, 1, 63, 64, 2_047, 4_095]) {
      const unit = independentUnit('psk', 8_192 + at, {
        lotSecret,
        provisioningKey: PROVISIONING_KEY,
      });
      expect(secrets.subarray(32 * at, 32 * at + 32).equals(unit.secret)).toBe(true);
      expect(keys.subarray(16 * at, 16 * at + 16).equals(unit.endpointKey)).toBe(true);
    }
  });
});

describe('the kernel', () => {
  it('refuses units outside the block that is set', () => {
    setBlockOf(kernel, lotSecretOf(LOT), 4_096);
    const out = new Uint8Array(32);
    kernel.expand('keyline/v1 claim', { from: 4_096, count: 1 }, out);
    expect(() => {
      kernel.expand('keyline/v1 claim', { from: 4_095, count: 1 }, out);
    }).toThrow(RangeError);
    const rows = kernel.compileRows([{ kind: 'bytes', value: 'secret', encoding: 'hex' }]);
    if (!rows) throw new Error('not compiled');
    expect(() => kernel.renderRows(rows, { from: 8_191, count: 2 })).toThrow(RangeError);
  });

  it('holds no secret and makes nothing after it was wiped', () => {
    const opened = openKernel();
    const key = Buffer.alloc(32, 0x5e);
    using secret = Secret.copyOf(key);
    opened.setBlock(secret);
    const rows = opened.compileRows([
      { kind: 'bytes', value: 'secret', encoding: 'base64url' },
      { kind: 'bytes', value: 'claim_code', encoding: 'hex' },
    ]);
    if (!rows) throw new Error('not compiled');
    const lent = opened.renderRows(rows, { from: 4_096, count: 100 });
    const memory = Buffer.from(lent.buffer);
    const secrets = Array.from({ length: 100 }, (_, at) =>
      hkdf(key, 'keyline/v1 endpoint-secret', 4_096 + at).subarray(0, 32),
    );
    const word = (bytes: Buffer) => Buffer.from(bytes.subarray(0, 4)).reverse();
    const traces = secrets.flatMap((bytes) => [word(bytes), bytes.toString('base64url')]);
    expect(traces.filter((trace) => memory.includes(trace)).length).toBeGreaterThan(100);
    opened[Symbol.dispose]();
    expect(traces.filter((trace) => memory.includes(trace))).toEqual([]);
    expect(lent.every((byte) => byte === 0)).toBe(true);
    expect(() => opened.renderRows(rows, { from: 4_096, count: 1 })).toThrow('set');
    expect(() => {
      opened.commit(key, new Uint8Array(16));
    }).toThrow('set');
    opened.setProvisioningKey(VECTORS.provisioningKey);
    opened.setBlock(secret);
    const again = Buffer.from(opened.renderRows(rows, { from: 4_096, count: 1 })).toString();
    expect(again.slice(0, 43)).toBe(secrets[0]?.toString('base64url'));
  });

  it('leaves the block secret nowhere in its memory', () => {
    const opened = openKernel();
    using secret = Secret.copyOf(Buffer.alloc(32, 0x5e));
    opened.setBlock(secret);
    const rows = opened.compileRows([{ kind: 'index' }]);
    if (!rows) throw new Error('not compiled');
    const memory = Buffer.from(opened.renderRows(rows, { from: 0, count: 1 }).buffer);
    expect(memory.includes(Buffer.alloc(8, 0x5e))).toBe(false);
    expect(memory.includes(Buffer.alloc(8, 0x5e ^ 0x36))).toBe(false);
    expect(memory.includes(Buffer.alloc(8, 0x5e ^ 0x5c))).toBe(false);
  });

  it('says that it is ready and where it lies', () => {
    expect(kernelState()).toBe('ready');
    expect(kernelPath()).toMatch(/dist[/\\]kernel\.wasm$/);
  });
});

/** 64 bytes of HKDF-Expand, RFC 5869 section 2.3. */
function hkdf(key: Buffer, label: string, index: number): Buffer {
  const number = Buffer.alloc(8);
  number.writeBigUInt64BE(BigInt(index));
  const info = Buffer.concat([Buffer.from(`${label}\0`), number]);
  const first = createHmac('sha256', key).update(info).update(Buffer.of(1)).digest();
  const next = createHmac('sha256', key).update(first).update(info).update(Buffer.of(2)).digest();
  return Buffer.concat([first, next]);
}
