import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BenchHome, formsOf } from './bench-home.ts';
import { makeFatDisk, readFromFatDisk, UBootBoard } from './u-boot-board.ts';

let home: BenchHome;
beforeAll(async () => {
  home = await BenchHome.create();
});
afterAll(() => {
  home[Symbol.dispose]();
});

let boards = 0;
/** A new board's disk and its network address. */
function newBoard(): { readonly disk: string; readonly mac: string; readonly id: string } {
  const id = `5254000000${String(++boards).padStart(2, '0')}`;
  const mac = (id.match(/../g) ?? []).join(':');
  return { disk: makeFatDisk(join(home.path, `${id}.img`)), mac, id };
}

async function credentialFile(serial: string, endpointKey: string): Promise<string> {
  const secret = await home.secretOf(serial);
  return `dev_key=${endpointKey}\ndev_secret=${secret.toString('base64url')}\n`;
}

describe.each(['pseudo-terminal', 'TCP'] as const)('U-Boot over a %s', (line) => {
  it(
    'takes a credential, and holds it on its disk after a power cut',
    { timeout: 120_000 },
    async () => {
      const { disk, mac, id } = newBoard();
      await using first = await UBootBoard.boot(disk, mac, line);
      const written = await home.device('write', 'u-boot', first.address);
      await first.powerOff();
      expect(written).toMatchObject({
        code: 0,
        outcome: { ok: true, kind: 'written', hardwareId: id, evidence: { kind: 'readback' } },
      });
      const { serial = '', endpointKey = '' } = written.outcome ?? {};
      expect(readFromFatDisk(disk, 'cred.txt')).toBe(await credentialFile(serial, endpointKey));

      await using second = await UBootBoard.boot(disk, mac, line);
      const verified = await home.device('verify', 'u-boot', second.address);
      expect(verified).toMatchObject({
        code: 0,
        outcome: { ok: true, kind: 'checked', serial, evidence: { kind: 'readback' } },
      });
      expect(home.wireLog()).toContain('[secret]');
      for (const form of formsOf(await home.secretOf(serial))) {
        expect(home.wireLog().includes(form)).toBe(false);
      }
    },
  );
});

describe('U-Boot in a jig', () => {
  it('has a credential of its own on each board', async () => {
    const one = newBoard();
    const other = newBoard();
    await using first = await UBootBoard.boot(one.disk, one.mac, 'pseudo-terminal');
    await using second = await UBootBoard.boot(other.disk, other.mac, 'TCP');
    const ports = [{ path: first.address }, { url: second.address }];
    const { code, events, tally } = await home.station('u-boot', ports);
    expect({ code, tally }).toMatchObject({ code: 0, tally: { passed: 2, failed: 0 } });
    for (const [at, { id, disk }] of [one, other].entries()) {
      const passed = events.find(({ type, slot }) => type === 'passed' && slot === at + 1);
      expect(passed?.unit).toMatchObject({ hardwareId: id, kind: 'written' });
      const { serial = '', endpointKey = '' } = passed?.unit ?? {};
      expect(readFromFatDisk(disk, 'cred.txt')).toBe(await credentialFile(serial, endpointKey));
    }
  });
});

/** The shipped profile for a board that keeps its environment in flash; QEMU's flash takes no write. */
function inFlash(text: string): string {
  const [inspect = 0, restart = 0, load = 0, read = 0] = [
    '  inspect:',
    '  restart:',
    '      - name: forget what is in memory',
    '      - { send: printenv dev_key',
  ].map((place) => text.indexOf(place));
  return [
    text.slice(0, inspect).replace(/^ {2}file: .*\n/m, ''),
    '  inspect:\n',
    '    - send: printenv dev_key\n',
    '      status: any\n',
    `      none: '"dev_key" not defined'\n`,
    "      capture: { endpoint_key: '^dev_key=(.*)$' }\n",
    '  write:\n',
    "    - { name: set the key, send: 'setenv dev_key {dev_key}' }\n",
    "    - { name: set the secret, send: 'setenv dev_secret {dev_secret}' }\n",
    '    - { name: save, send: saveenv, timeoutMs: 60000, fail: not-stored }\n',
    text.slice(restart, load),
    text.slice(read),
  ].join('');
}

describe('a saveenv that fails', () => {
  it.each([
    ['by its exit status', inFlash, 'write'],
    // A profile that does not look at it.
    [
      'by what a restart leaves',
      (text: string) => inFlash(text).replace('fail: not-stored', 'status: any'),
      'verify',
    ],
  ])('is a failed unit, %s', async (_how, change, step) => {
    const { disk, mac } = newBoard();
    await using board = await UBootBoard.boot(disk, mac, 'pseudo-terminal');
    const handled = await home.device('write', home.profile('u-boot', change), board.address);
    expect(handled).toMatchObject({ code: 6, outcome: { ok: false, code: 'not-stored', step } });
  });
});
