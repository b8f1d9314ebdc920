import { describe, expect, it } from 'vitest';
import { openPort } from '../../../src/device/ports/open-port.ts';
import { openPtyLine } from '../../../src/device/simulator/pty-line.ts';

describe('a line on a pseudo-terminal', () => {
  it('brings nothing back to its device of what that says before a host is there', async () => {
    // Another line that opens and goes must leave the first one's modes as they are.
    const other = await openPtyLine(() => undefined);
    let heard = '';
    let settle: () => void = () => undefined;
    const isAllHere = new Promise<void>((resolve) => {
      settle = resolve;
    });
    const line = await openPtyLine((bytes) => {
      heard += Buffer.from(bytes).toString('latin1');
      if (heard.includes('AT\r')) settle();
    });
    await other.close();
    line.send(Buffer.from('Ready\r\n'));
    await using port = await openPort(
      { kind: 'serial', path: line.address },
      { baudRate: 115_200 },
    );
    await port.write(Buffer.from('AT\r'));
    await isAllHere;
    expect(heard).toBe('AT\r');
    await line.close();
  });
});
