import { expect, test } from 'vitest';
import { portLine, tabulatePorts } from '../../src/cli/describe-port.ts';
import type { PortInfo } from '../../src/device/ports/port-info.ts';
import { parseJig } from '../../src/device/jig.ts';
import { followPorts, reportPorts, slotFinder } from '../../src/job/list-ports.ts';

const bridge: PortInfo = {
  path: '/dev/ttyUSB0',
  vendorId: '10c4',
  productId: 'ea60',
  serialNumber: '0001',
  location: '1-1.4',
  manufacturer: undefined,
};
const onBoard: PortInfo = {
  ...bridge,
  path: '/dev/ttyS0',
  vendorId: undefined,
  productId: undefined,
  serialNumber: undefined,
  location: undefined,
};
const list = (): Promise<PortInfo[]> => Promise.resolve([onBoard, bridge]);
const slotOf = (port: PortInfo): string | undefined =>
  port.location === '1-1.4' ? '1' : undefined;

test('ports of the machine itself are reported only when asked for, the slot of the others with them', async () => {
  expect(await reportPorts({ list, slotOf })).toEqual([{ ...bridge, slot: '1' }]);
  const all = await reportPorts({ list, slotOf, withOnBoard: true });
  expect(all.map((port) => port.path)).toEqual(['/dev/ttyS0', '/dev/ttyUSB0']);
  expect(await reportPorts({ list, withOnBoard: true, filter: { vendorId: '10c4' } })).toHaveLength(
    1,
  );
});

test('a table shows slots only where there are some', async () => {
  expect(tabulatePorts(await reportPorts({ list }))).not.toContain('slot');
  expect(tabulatePorts(await reportPorts({ list, slotOf }))).toMatch(
    /^slot +port[^]*\n1 +\/dev\/ttyUSB0 +10c4:ea60/,
  );
});

test('changes are filtered alike and told in one line each', async () => {
  const controller = new AbortController();
  const looks = [[bridge, onBoard], []];
  const lines: string[] = [];
  const options = {
    list: () => Promise.resolve(looks.shift() ?? []),
    pause: () => {
      if (looks.length === 0) controller.abort();
      return Promise.resolve();
    },
    slotOf,
  };
  for await (const change of followPorts(controller.signal, options)) lines.push(portLine(change));
  expect(lines).toEqual([
    '+ /dev/ttyUSB0 10c4:ea60 0001 1-1.4 slot 1',
    '- /dev/ttyUSB0 10c4:ea60 0001 1-1.4 slot 1',
  ]);
});

test('the slot of a jig is told by path pattern, USB ids, serial number and location', () => {
  const slotOf = (port: string): string | undefined => {
    const { jig } = parseJig(`name: j\nslots:\n  - { slot: 3, port: { ${port} } }\n`);
    if (!jig) throw new Error('a jig with mistakes');
    return slotFinder(jig)(bridge);
  };
  expect(slotOf('path: /dev/ttyUSB*')).toBe('3');
  expect(slotOf('vendorId: 10C4, productId: ea60, serialNumber: "0001"')).toBe('3');
  expect(slotOf('location: 1-1.4')).toBe('3');
  expect(slotOf('location: 1-1.4, serialNumber: "0002"')).toBeUndefined();
  expect(slotOf('path: /dev/ttyACM*')).toBeUndefined();
});
