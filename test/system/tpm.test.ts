import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { appears, Background, runTool } from './background.ts';
import { BenchHome, formsOf } from './bench-home.ts';
import { inItsFolder, ShellConsole } from './shell-console.ts';

const SWTPM = { program: 'swtpm', package: 'swtpm' };
const HANDLE = '0x81010001';

/** A TPM 2.0 of swtpm; what it keeps outlasts its power. */
class Tpm {
  readonly #folder: string;
  #swtpm: Background | undefined;

  constructor(folder: string) {
    this.#folder = folder;
    mkdirSync(folder);
  }

  /** What tpm2-tools find it by; there is no resource manager before it. */
  get tcti(): string {
    return `swtpm:path=${this.#folder}/tpm`;
  }

  async powerOn(): Promise<void> {
    const socket = `${this.#folder}/tpm`;
    this.#swtpm = new Background(SWTPM, [
      ...['socket', '--tpm2', '--tpmstate', `dir=${this.#folder}`],
      ...['--server', `type=unixio,path=${socket}`],
      ...['--ctrl', `type=unixio,path=${socket}.ctrl`],
      ...['--flags', 'not-need-init,startup-clear'],
    ]);
    await appears(socket);
    await appears(`${socket}.ctrl`);
  }

  async powerOff(): Promise<void> {
    await this.#swtpm?.kill();
    for (const socket of ['tpm', 'tpm.ctrl']) rmSync(join(this.#folder, socket), { force: true });
  }

  /** One of tpm2-tools, as a person at the gateway would run it. */
  run(command: string): string {
    const [program = '', ...argv] = command.split(' ');
    const env = { TPM2TOOLS_TCTI: this.tcti };
    const tool = { program, package: 'tpm2-tools' };
    const told = runTool(tool, argv, env);
    runTool({ ...tool, program: 'tpm2_flushcontext' }, ['-t'], env);
    return told;
  }
}

let home: BenchHome;
let work: string;
beforeAll(async () => {
  home = await BenchHome.create();
  work = join(mkdtempSync('/dev/shm/keyline-tpm-'), 'work');
});
afterAll(() => {
  home[Symbol.dispose]();
  rmSync(join(work, '..'), { recursive: true, force: true });
});

let tpm: Tpm;
let gateway: ShellConsole;
let tpms = 0;
beforeEach(async () => {
  tpm = new Tpm(join(home.path, `tpm-${String(++tpms)}`));
  await tpm.powerOn();
  gateway = await ShellConsole.started('bash --norc -i', { TPM2TOOLS_TCTI: tpm.tcti });
});
afterEach(async () => {
  await gateway[Symbol.asyncDispose]();
  await tpm.powerOff();
});

function profile(): string {
  return home.profile('linux-tpm2', (text) => inItsFolder(text).replace('/run/keyline', work));
}

describe('a gateway with a TPM', () => {
  it('proves what it holds, over a power cycle, and has it in its TPM alone', async () => {
    const written = await home.device('write', profile(), gateway.path);
    expect(written).toMatchObject({
      code: 0,
      outcome: { ok: true, kind: 'written', evidence: { kind: 'proof' } },
    });
    const { serial = '', endpointKey, hardwareId } = written.outcome ?? {};
    expect(gateway.keptFile('key')).toBe(endpointKey);

    await gateway.powerOff();
    await tpm.powerOff();
    await tpm.powerOn();
    await gateway.powerOn();
    const verified = await home.device('verify', profile(), gateway.path);
    expect(verified).toMatchObject({
      code: 0,
      outcome: { ok: true, kind: 'checked', serial, hardwareId, evidence: { kind: 'proof' } },
    });

    expect(existsSync(work)).toBe(false);
    expect(home.wireLog()).toContain('[secret]');
    for (const form of formsOf(await home.secretOf(serial))) {
      expect(gateway.allFiles().includes(form)).toBe(false);
      expect(home.wireLog().includes(form)).toBe(false);
    }
    // The key can sign for whoever asks the TPM, and leaves it for nobody.
    expect(tpm.run(`tpm2_readpublic -c ${HANDLE}`)).toMatch(/value: userwithauth\|sign$/m);
  });

  it('fails with another key in its TPM, and with none', async () => {
    const written = await home.device('write', profile(), gateway.path);
    expect(written.outcome?.ok).toBe(true);
    tpm.run(`tpm2_evictcontrol -C o -c ${HANDLE}`);
    const without = await home.device('verify', profile(), gateway.path);
    expect(without).toMatchObject({ code: 6, outcome: { ok: false, code: 'not-stored' } });

    const at = (name: string): string => join(gateway.folder, name);
    tpm.run(`tpm2_createprimary -C o -G ecc -c ${at('parent')}`);
    tpm.run(`tpm2_create -C ${at('parent')} -G hmac -c ${at('other')}`);
    tpm.run(`tpm2_evictcontrol -C o -c ${at('other')} ${HANDLE}`);
    const another = await home.device('verify', profile(), gateway.path);
    expect(another).toMatchObject({ code: 6, outcome: { ok: false, code: 'verify-mismatch' } });
  });

  it('is another device with the files of a first one copied onto it', async () => {
    const written = await home.device('write', profile(), gateway.path);
    expect(written.outcome?.ok).toBe(true);
    await gateway.powerOff();
    await tpm.powerOff();

    tpm = new Tpm(join(home.path, `tpm-${String(++tpms)}`));
    await tpm.powerOn();
    await using clone = await ShellConsole.started('bash --norc -i', { TPM2TOOLS_TCTI: tpm.tcti });
    clone.copyOf(gateway);
    const refused = await home.device('write', profile(), clone.path);
    expect(refused).toMatchObject({ code: 6, outcome: { ok: false, code: 'index-conflict' } });
    expect(refused.outcome?.hardwareId).not.toBe(written.outcome?.hardwareId);
  });
});
