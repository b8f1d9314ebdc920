import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openPort } from '../../src/device/ports/open-port.ts';
import { parsePortAddress } from '../../src/device/ports/port-address.ts';
import { runTool } from './background.ts';
import { BenchHome } from './bench-home.ts';
import { inItsFolder, ShellConsole } from './shell-console.ts';
import { TerminalServer } from './terminal-server.ts';

let home: BenchHome;
beforeAll(async () => {
  home = await BenchHome.create();
});
afterAll(() => {
  home[Symbol.dispose]();
});

describe.each(['tcp', 'rfc2217'] as const)('ser2net, %s', (kind) => {
  it('lets a device be written and verified, by one client at a time', async () => {
    await using gateway = await ShellConsole.started('bash --norc -i');
    await using server = await TerminalServer.start(kind, gateway.path);
    const profile = home.profile('linux-shell', inItsFolder);
    const written = await home.device('write', profile, server.address);
    expect(written).toMatchObject({
      code: 0,
      outcome: { ok: true, hardwareId: gateway.machineId, evidence: { kind: 'digest' } },
    });
    expect(gateway.keptFile('key')).toBe(written.outcome?.endpointKey);

    const other = await server.occupy();
    // What ser2net says to the second one is no word of the device.
    expect(await home.device('verify', profile, server.address)).toEqual({
      code: 4,
      error: 'port-busy',
    });
    expect(home.wireLog()).not.toContain('already in use');
    other.destroy();

    // It lets go of the one that left when it finds the time.
    const verified = await vi.waitFor(
      async () => {
        const handled = await home.device('verify', profile, server.address);
        expect(handled.error).toBeUndefined();
        return handled;
      },
      { timeout: 60_000 },
    );
    expect(verified).toMatchObject({ code: 0, outcome: { ok: true, kind: 'checked' } });

    await gateway.powerOff();
    expect(await home.device('verify', profile, server.address)).toEqual({
      code: 4,
      error: 'port-missing',
    });
    expect(home.wireLog()).not.toContain('open failure');
  });
});

describe('ser2net by RFC 2217', () => {
  it('gives the serial line the rate that was asked for', async () => {
    await using gateway = await ShellConsole.started('bash --norc -i');
    await using server = await TerminalServer.start('rfc2217', gateway.path);
    await using _ = await openPort(parsePortAddress(server.address), { baudRate: 57_600 });
    const stty = { program: 'stty', package: 'coreutils' };
    await vi.waitFor(
      () => {
        expect(runTool(stty, ['-F', gateway.path, 'speed']).trim()).toBe('57600');
      },
      { timeout: 30_000 },
    );
  });
});
