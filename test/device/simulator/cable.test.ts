import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { formatFault, parseFault } from '../../../src/device/simulator/simulated-fault.ts';
import type { Port } from '../../../src/device/ports/port.ts';
import { fixtureProfile, openSlot, simulate } from './bench.ts';

describe('a cable', () => {
  const profile = fixtureProfile('nrf91');
  /** What AT+CGMI comes to. */
  const PLAIN = 'Nordic Semiconductor ASA\r\nOK\r\n';

  async function heard(port: Port, isEnough: (text: string) => boolean): Promise<string> {
    let text = '';
    while (!isEnough(text)) {
      const bytes = await port.read({ timeoutMs: 2_000 });
      if (!bytes) return text;
      text += Buffer.from(bytes).toString('latin1');
    }
    return text;
  }

  it.each([
    // The boot message of 7 bytes went before.
    ['drop:10', 'No'.concat('dic Semic', 'nductor A', 'A\r\nOK\r\n')],
    ['noise:16', 'Nordic Se\xfemiconductor ASA\r\xfe\nOK\r\n'],
    ['drop-input:4', 'ERROR\r\n'],
  ])('with %s changes what comes', async (fault, comes) => {
    await using simulator = await simulate(profile, { faults: { 1: [fault] } });
    await using port = await openSlot(simulator);
    await port.write(Buffer.from('AT+CGMI\r\n'));
    expect(await heard(port, (text) => text.length >= comes.length)).toBe(comes);
  });

  it('that is slow brings byte after byte', async () => {
    await using simulator = await simulate(profile, { faults: { 1: ['slow:1'] } });
    await using port = await openSlot(simulator);
    await port.write(Buffer.from('AT+CGMI\r\n'));
    let chunks = 0;
    const text = await heard(port, (all) => ++chunks > 0 && all.endsWith('OK\r\n'));
    expect(text.endsWith(PLAIN)).toBe(true);
    expect(chunks).toBeGreaterThan(8);
  });

  it('is pulled at its byte and plugged in again by itself', async () => {
    let plugged: () => void = () => undefined;
    const isBack = new Promise<void>((resolve) => {
      plugged = resolve;
    });
    await using simulator = await simulate(profile, {
      faults: { 1: ['unplug:4:20'] },
      onEvent: ({ type }) => {
        if (type === 'plugged') plugged();
      },
    });
    await using port = await openSlot(simulator);
    await port.write(Buffer.from('AT+CGMI\r\n'));
    await port.closed;
    await isBack;
    await using again = await openSlot(simulator);
    await again.write(Buffer.from('AT+CGMI\r\n'));
    expect(await heard(again, (text) => text.endsWith('OK\r\n'))).toBe(PLAIN);
  });

  it('gets its faults from the file while it is in use', async () => {
    const told: (() => void)[] = [];
    await using simulator = await simulate(profile, {
      onEvent: ({ type }) => {
        if (type === 'faults') told.shift()?.();
      },
    });
    const changed = new Promise<void>((resolve) => told.push(resolve));
    writeFileSync(join(simulator.dir, 'faults.json'), '{"1": ["silent"');
    writeFileSync(join(simulator.dir, 'faults.json'), '{"1": ["silent"]}');
    await changed;
    await using port = await openSlot(simulator);
    await port.write(Buffer.from('AT\r\n'));
    expect(await port.read({ timeoutMs: 50 })).toBeUndefined();
    simulator.setFaults(1, []);
    await port.write(Buffer.from('AT\r\n'));
    expect(await heard(port, (text) => text.endsWith('OK\r\n'))).toBe('OK\r\n');
  });
});

describe('the text of a fault', () => {
  it.each([
    'drop:50',
    'noise:3',
    'slow:10',
    'silent',
    'unplug:200:1000',
    'unplug:7',
    'changing-id:boot',
    'duplicate-id:3',
    'provisioned',
  ])('is read and written: %s', (text) => {
    expect(formatFault(parseFault(text))).toBe(text);
  });

  it.each(['', 'drop:0', 'drop:x', 'silent:1', 'unplug:1:2:3', 'explode', 'changing-id:never'])(
    'is refused: %j',
    (text) => {
      expect(() => parseFault(text)).toThrow(expect.objectContaining({ code: 'usage' }) as Error);
    },
  );
});
