import { expect, test } from 'vitest';
import { formatPortAddress, parsePortAddress } from '../../../src/device/ports/port-address.ts';

const refused: unknown = expect.objectContaining({ code: 'invalid-port', exitCode: 2 });

test.each([
  ['serial:/dev/ttyUSB0', { kind: 'serial', path: '/dev/ttyUSB0' }],
  ['/dev/ttyACM3', { kind: 'serial', path: '/dev/ttyACM3' }],
  ['./sim/slot-1', { kind: 'serial', path: './sim/slot-1' }],
  ['COM3', { kind: 'serial', path: 'COM3' }],
  ['serial:sim/slot-1', { kind: 'serial', path: 'sim/slot-1' }],
  ['tcp://10.0.0.5:3001', { kind: 'tcp', host: '10.0.0.5', port: 3001 }],
  ['TCP://moxa-2.line.example:4001/', { kind: 'tcp', host: 'moxa-2.line.example', port: 4001 }],
  ['rfc2217://[fe80::1%eth0]:2217', { kind: 'rfc2217', host: 'fe80::1%eth0', port: 2217 }],
  ['memory:board-1', { kind: 'memory', name: 'board-1' }],
])('%s is read, and its one spelling is read again', (text, address) => {
  const parsed = parsePortAddress(text);
  expect(parsed).toEqual(address);
  expect(parsePortAddress(formatPortAddress(parsed))).toEqual(address);
});

test.each([
  '',
  'ttyUSB0',
  'serial:',
  'serial://dev/ttyUSB0',
  'tcp://host',
  'tcp://:3001',
  'tcp://host:0',
  'tcp://host:65536',
  'tcp://host:3001/path',
  'tcp://user@host:3001',
  'udp://host:3001',
  '/',
])('%j is refused', (text) => {
  expect(() => parsePortAddress(text)).toThrow(refused);
});
