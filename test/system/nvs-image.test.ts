import { expect, it } from 'vitest';
import { readNvs } from '../formats/nvs-reader.ts';
import { fixtureProfile, simulate } from '../device/simulator/bench.ts';
import { BenchHome } from './bench-home.ts';

it('puts a partition into the flash in which a reader of the format finds key and secret', async () => {
  using home = await BenchHome.create();
  await using simulator = await simulate(fixtureProfile('esp32-nvs'));
  home.env['PATH'] = `${simulator.programsPath ?? ''}:${process.env['PATH'] ?? ''}`;
  const port = simulator.slots[0]?.address ?? '';
  const written = await home.device('write', 'esp32-nvs', port);
  expect(written).toMatchObject({
    code: 0,
    outcome: { ok: true, kind: 'written', evidence: { kind: 'programmer' } },
  });
  const { serial = '', endpointKey = '' } = written.outcome ?? {};
  const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
  expect(readNvs(simulator.memory(1).flash.get('image') ?? new Uint8Array())).toEqual(
    new Map([
      ['keyline/key', hex(Buffer.from(endpointKey))],
      ['keyline/secret', hex(await home.secretOf(serial))],
    ]),
  );
});
