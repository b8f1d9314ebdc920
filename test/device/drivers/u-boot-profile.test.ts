import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createDriver } from '../../../src/device/driver-kinds.ts';
import { contextOf, profileFrom } from './driver-context.ts';
import { FakeConsole } from './fake-console.ts';
import type { Reply } from './fake-console.ts';

const driver = createDriver(profileFrom(readFileSync('fixtures/profiles/u-boot.yaml', 'utf8')));

/** What U-Boot 2023.01 of Debian 12 printed on an ARM board of QEMU. */
const VERSION = [
  'U-Boot 2023.01+dfsg-2+deb12u3 (Jun 22 2026 - 08:38:07 +0000)',
  '',
  'arm-linux-gnueabihf-gcc (Debian 12.2.0-14) 12.2.0',
  'GNU ld (GNU Binutils for Debian) 2.40',
];
const BANNER = [
  VERSION[0],
  '',
  'DRAM:  128 MiB',
  'Core:  47 devices, 13 uclasses, devicetree: board',
  'In:    pl011@9000000',
  'Hit any key to stop autoboot:  2 ',
].join('\r\n');

function boardThat(run: (command: string) => Reply): FakeConsole {
  // A restart is looked for in what has come before the end of the output.
  return new FakeConsole(run, { banner: BANNER, faults: { isSlow: true } });
}

describe('the profile u-boot', () => {
  it('takes the version that a board tells for an answer, not for a restart', async () => {
    const board = boardThat((command) =>
      command === 'version' ? { out: VERSION.join('\n') } : {},
    );
    expect(await driver.captures?.(contextOf(board.openNow()))).toEqual({
      firmware: '2023.01+dfsg-2+deb12u3',
    });
  });

  it('knows a restart in mid-step', async () => {
    const board = boardThat((command) => (command === 'version' ? { restarts: true } : {}));
    await expect(driver.captures?.(contextOf(board.openNow()))).rejects.toMatchObject({
      code: 'rebooted',
    });
  });
});
