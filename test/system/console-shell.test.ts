import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createDriver } from '../../src/device/driver-kinds.ts';
import { openPort } from '../../src/device/ports/open-port.ts';
import { contextOf, profileFrom, valuesWith } from '../device/drivers/driver-context.ts';

const KEY = 'ek_0123456789abcdefghjkmnpqr0';
const SECRET = 'kq3v8J2wZ0dT5hYb7uN1xCe4GmRsLpQaVfXoKiEtUi8=';

/** A shell on a terminal of its own, as socat gives it, with the shipped profile for it. */
class ShellBench {
  readonly folder = mkdtempSync(join(tmpdir(), 'keyline-shell-'));
  readonly link = join(this.folder, 'tty');
  readonly socat: ChildProcess;

  constructor(shell: string) {
    const exec = `EXEC:'${shell}',pty,setsid,ctty,stderr,sane`;
    this.socat = spawn('socat', [`PTY,link=${this.link},raw,echo=0`, exec], {
      env: { ...process.env, PS1: 'root@gateway:~# ' },
    });
  }

  get profile() {
    const text = readFileSync('fixtures/profiles/linux-shell.yaml', 'utf8');
    return profileFrom(text.replaceAll('/etc/keyline', join(this.folder, 'keyline')));
  }

  async open() {
    await vi.waitFor(() => {
      expect(existsSync(this.link)).toBe(true);
    });
    return await openPort({ kind: 'serial', path: this.link }, { baudRate: 115_200 });
  }

  close(): void {
    this.socat.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

let bench: ShellBench | undefined;
afterEach(() => bench?.close());

describe.each(['bash --norc -i', 'dash -i'])('%s on a terminal', (shell) => {
  it('takes a credential, proves it by digest, and is known by it afterwards', async () => {
    bench = new ShellBench(shell);
    const port = await bench.open();
    const driver = createDriver(bench.profile);
    const context = contextOf(port);
    const folder = join(bench.folder, 'keyline');
    const values = valuesWith({
      key: KEY,
      secret: new TextEncoder().encode(SECRET),
      folder,
      user: 'root',
    });
    const id = readFileSync('/etc/machine-id', 'utf8').trim();
    expect(await driver.identify(context)).toBe(id);
    expect(await driver.inspect(context)).toEqual({ kind: 'none' });
    await driver.write(context, values);
    expect(await driver.verify(context, values)).toMatchObject({ kind: 'digest' });
    expect(readFileSync(join(folder, 'secret'), 'utf8')).toBe(SECRET);
    expect(await driver.inspect(context)).toEqual({ kind: 'endpoint-key', endpointKey: KEY });
    const others = valuesWith({
      key: KEY,
      secret: new TextEncoder().encode(SECRET.toLowerCase()),
      folder,
      user: 'root',
    });
    await expect(driver.verify(context, others)).rejects.toMatchObject({ code: 'verify-mismatch' });
    await port[Symbol.asyncDispose]();
  });
});
