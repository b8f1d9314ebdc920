import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { commitHere } from '../service/commit-here.ts';
import { ServiceRig } from '../service/rig.ts';
import { keyline, shell } from './cli.ts';
import type { Ran } from './cli.ts';

/** A home that is logged in to a registry of the test's, which runs in this process. */
export class RegistryHome implements AsyncDisposable {
  readonly rig: ServiceRig;
  readonly path = mkdtempSync(join(tmpdir(), 'keyline-registry-home-'));
  readonly env = {
    KEYLINE_HOME: join(this.path, 'home'),
    KEYLINE_PASSPHRASE_FILE: join(this.path, 'pass'),
  };
  readonly #commits: AsyncDisposable;

  private constructor(rig: ServiceRig) {
    this.rig = rig;
    this.#commits = commitHere(rig);
  }

  /** With the key `widgets`, which the account holds, and what `lines` make. */
  static async make(lines: readonly string[]): Promise<RegistryHome> {
    const at = new RegistryHome(await ServiceRig.start());
    const { principalId, clientSecret } = await at.rig.member(['factory-engineer']);
    await at.rig.app.listen({ port: 0, host: '127.0.0.1' });
    // Proofs name the address that the person named.
    Object.assign(at.rig.service, { publicUrl: at.url });
    const files = { pass: 'correct horse battery', 'client.id': principalId };
    for (const [name, text] of Object.entries({ ...files, 'client.secret': clientSecret })) {
      writeFileSync(join(at.path, name), `${text}\n`, { mode: 0o600 });
    }
    const login = `registry login ${at.url} --client-id-file client.id --client-secret-file client.secret`;
    for (const line of ['key create --label widgets', login, 'registry key add', ...lines]) {
      const ran = await at.run(line);
      expect([line, ran.code, ran.code === 0 ? '' : ran.stdout]).toEqual([line, 0, '']);
    }
    return at;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.rig.app.server.address() as AddressInfo).port}`;
  }

  /** A command under `--json`. */
  run(line: string): Promise<Ran> {
    return keyline([...line.split(' '), '--json'], { cwd: this.path, env: this.env });
  }

  /** A line of shell as a person has it. */
  shell(line: string): Promise<Ran> {
    return shell(line, { cwd: this.path, env: this.env });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.rig.close();
    await this.#commits[Symbol.asyncDispose]();
    await this.rig[Symbol.asyncDispose]();
    rmSync(this.path, { recursive: true });
  }
}

/** The last JSON object of standard output: its result, or the code of its error. */
export function answerOf({ stdout }: Ran): unknown {
  const last =
    stdout
      .trim()
      .split(/\n(?=\{)/)
      .at(-1) ?? '';
  const { result, error } = JSON.parse(last) as { result?: unknown; error?: { code: string } };
  return error?.code ?? result;
}
