import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDriver } from '../../src/device/driver-kinds.ts';
import { openPort } from '../../src/device/ports/open-port.ts';
import { contextOf, profileFrom, valuesWith } from '../device/drivers/driver-context.ts';
import { BenchHome, formsOf } from './bench-home.ts';
import { inItsFolder, movedToItsFolder, RESTARTABLE, ShellConsole } from './shell-console.ts';

const KEY = 'ek_0123456789abcdefghjkmnpqr0';
const SECRET = 'kq3v8J2wZ0dT5hYb7uN1xCe4GmRsLpQaVfXoKiEtUi8=';
const BASH = 'bash --norc -i';

describe.each([BASH, 'dash -i'])('%s on a terminal', (shell) => {
  it('takes a credential, proves it by digest, and is known by it afterwards', async () => {
    await using console = await ShellConsole.started(shell);
    const text = readFileSync('fixtures/profiles/linux-shell.yaml', 'utf8');
    const driver = createDriver(profileFrom(inItsFolder(text)));
    await using port = await openPort(
      { kind: 'serial', path: console.path },
      { baudRate: 115_200 },
    );
    const context = contextOf(port);
    const given = { key: KEY, folder: 'keyline', user: 'root', anchor: 'ab'.repeat(32) };
    const values = valuesWith({ ...given, secret: new TextEncoder().encode(SECRET) });
    expect(await driver.identify(context)).toBe(console.machineId);
    expect(await driver.inspect(context)).toEqual({ kind: 'none' });
    await driver.write(context, values);
    expect(await driver.verify(context, values)).toMatchObject({ kind: 'digest' });
    expect(console.keptFile('secret')).toBe(SECRET);
    expect(await driver.inspect(context)).toEqual({ kind: 'endpoint-key', endpointKey: KEY });
    const other = new TextEncoder().encode(SECRET.toLowerCase());
    const others = valuesWith({ ...given, secret: other });
    await expect(driver.verify(context, others)).rejects.toMatchObject({ code: 'verify-mismatch' });
  });
});

describe('a gateway at a bench', () => {
  let home: BenchHome;
  beforeAll(async () => {
    home = await BenchHome.create();
  });
  afterAll(() => {
    home[Symbol.dispose]();
  });

  it('keeps its credential over a power cycle, and shows it nowhere else', async () => {
    await using gateway = await ShellConsole.started(BASH);
    const profile = home.profile('linux-shell', inItsFolder);
    const written = await home.device('write', profile, gateway.path);
    expect(written).toMatchObject({
      code: 0,
      outcome: { ok: true, hardwareId: gateway.machineId, evidence: { kind: 'digest' } },
    });
    const { serial = '', endpointKey } = written.outcome ?? {};
    const secret = await home.secretOf(serial);
    expect(gateway.keptFile('key')).toBe(endpointKey);
    expect(gateway.keptFile('secret')).toBe(secret.toString('base64'));

    await gateway.powerOff();
    await gateway.powerOn();
    const verified = await home.device('verify', profile, gateway.path);
    expect(verified).toMatchObject({ code: 0, outcome: { ok: true, kind: 'checked', serial } });
    await gateway.powerOff();
    rmSync(gateway.kept, { recursive: true });
    expect(home.wireLog()).toContain('[secret]');
    for (const form of formsOf(secret)) {
      expect(home.wireLog().includes(form)).toBe(false);
      expect(gateway.allFiles().includes(form)).toBe(false);
    }
  });

  it('is restarted before it is verified', async () => {
    await using gateway = await ShellConsole.started(BASH, RESTARTABLE);
    const profile = home.profile('linux-shell', movedToItsFolder);
    const written = await home.device('write', profile, gateway.path);
    expect(written).toMatchObject({ code: 0, outcome: { ok: true, kind: 'written' } });
    expect(readFileSync(join(gateway.folder, 'restarts'), 'utf8')).toBe('again\n');
  });

  it('never restarts the machine of who tries it on a terminal', async () => {
    const { 'BASH_FUNC_reboot%%': reboot } = RESTARTABLE;
    await using gateway = await ShellConsole.started(BASH, { 'BASH_FUNC_reboot%%': reboot });
    const profile = home.profile('linux-shell', movedToItsFolder);
    const refused = await home.device('write', profile, gateway.path);
    expect(refused).toMatchObject({ code: 6, outcome: { ok: false, step: 'verify' } });
    expect(existsSync(join(gateway.folder, 'restarts'))).toBe(false);
  });

  it('passes in its slot while the one beside it, which cannot store, fails', async () => {
    await using gateway = await ShellConsole.started(BASH);
    await using full = await ShellConsole.started('dash -i');
    // A file stands where the folder would be made.
    writeFileSync(full.kept, '');
    const profile = home.profile('linux-shell', inItsFolder);
    const { code, events, tally } = await home.station(profile, [
      { path: gateway.path },
      { path: full.path },
    ]);
    expect({ code, tally }).toMatchObject({ code: 6, tally: { passed: 1, failed: 1 } });
    const failed = events.find(({ type }) => type === 'failed');
    expect(failed).toMatchObject({ slot: 2, unit: { code: 'write-refused', step: 'write' } });
  });
});
