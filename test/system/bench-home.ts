import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FailedUnit, PassedUnit } from '../../src/job/provision-run.ts';
import { keyline, ROOT } from '../acceptance/cli.ts';
import type { Ran } from '../acceptance/cli.ts';
import { ALICE } from '../keystore/credentials-of.ts';

/** A station with lot A1 in a folder of its own, made and used by the commands themselves. */
export class BenchHome implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'keyline-bench-'));
  /** Of every command. */
  readonly env: Record<string, string> = {
    KEYLINE_HOME: join(this.path, 'home'),
    KEYLINE_IDENTITY_FILE: join(this.path, 'identity'),
  };

  static async create(): Promise<BenchHome> {
    const home = new BenchHome();
    writeFileSync(join(home.path, 'identity'), `${ALICE.identity}\n`, { mode: 0o600 });
    try {
      const recipient = ['--recipient', ALICE.recipient];
      await home.must('key', 'create', '--label', 'bench', ...recipient);
      await home.must('lot', 'create', 'A1', '--size', '100', '--serial', 'A1-{n:4}');
      await home.must('station', 'init', '--name', 'bench-1', ...recipient, '-o', 'station.card');
      return home;
    } catch (error) {
      home[Symbol.dispose]();
      throw error;
    }
  }

  run(...argv: readonly string[]): Promise<Ran> {
    return keyline(argv, { cwd: this.path, env: this.env });
  }

  /** The same, where nothing else than 0 will do. */
  async must(...argv: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run(...argv);
    if (code !== 0)
      throw new Error(`keyline ${argv.join(' ')} ended with ${String(code)}: ${stderr}`);
    return stdout;
  }

  /** `device write` or `device verify` at a port, its line kept in the file that `wireLog` reads. */
  async device(verb: 'write' | 'verify', profile: string, port: string): Promise<Handled> {
    const where = ['--profile', profile, '--port', port, '--log', 'wire.log'];
    const { code, stdout } = await this.run('device', verb, 'A1', ...where, '--json');
    const { result, error } = JSON.parse(stdout) as Partial<Printed>;
    return { code, ...(result && { outcome: result }), ...(error && { error: error.code }) };
  }

  /** `station run --once` on these ports; its events, and the tally as the last one. */
  async station(profile: string, ports: readonly object[]): Promise<StationRan> {
    const slots = ports.map((port, at) => ({ slot: at + 1, port }));
    writeFileSync(join(this.path, 'jig.yaml'), JSON.stringify({ name: 'bench', slots }));
    const how = ['--profile', profile, '--jig', 'jig.yaml', '--once', '--json'];
    const { code, stdout } = await this.run('station', 'run', 'A1', ...how);
    const lines = stdout.trim().split('\n');
    const printed = lines.map((line) => JSON.parse(line) as Partial<Printed>);
    return {
      code,
      events: printed.flatMap(({ event }) => event ?? []),
      tally: printed.at(-1)?.result,
    };
  }

  /** A profile of your own: a shipped one, changed; its path. */
  profile(shipped: string, change: (text: string) => string): string {
    const text = readFileSync(join(ROOT, `fixtures/profiles/${shipped}.yaml`), 'utf8');
    const changed = change(text);
    if (changed === text) throw new Error(`nothing changed in ${shipped}`);
    const path = join(this.path, `${shipped}-${String(++this.#profiles)}.yaml`);
    writeFileSync(path, changed);
    return path;
  }
  #profiles = 0;

  /** A unit's secret, as the owner of the lot may have it shown. */
  async secretOf(serial: string): Promise<Buffer> {
    const path = join(this.path, serial);
    const why = ['--reveal', '--why', 'a test', '--again', 'a test'];
    await this.must('unit', 'show', 'A1', serial, ...why, '-o', path);
    const [, secret = ''] = /^endpoint secret +es_(\S+)$/m.exec(readFileSync(path, 'utf8')) ?? [];
    rmSync(path);
    return Buffer.from(secret, 'base64url');
  }

  wireLog(): string {
    return readFileSync(join(this.path, 'wire.log'), 'latin1');
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** What came of a unit, whichever way. */
export type Told = Partial<Omit<PassedUnit, 'ok'> & Omit<FailedUnit, 'ok'>> & {
  readonly ok: boolean;
};

/** What `--json` prints, each line of it. */
interface Printed {
  readonly result: Told;
  readonly error: { readonly code: string };
  readonly event: { readonly type: string; readonly slot: number; readonly unit?: Told };
}

/** What came of one device. */
export interface Handled {
  readonly code: number | null;
  readonly outcome?: Told;
  readonly error?: string;
}

/** What came of a run. */
export interface StationRan {
  readonly code: number | null;
  readonly events: readonly Printed['event'][];
  readonly tally: unknown;
}

/** The forms in which a secret could stand in a log or a file. */
export function formsOf(secret: Buffer): string[] {
  const hex = secret.toString('hex');
  const base64 = secret.toString('base64').replace(/=+$/, '');
  return [hex, hex.toUpperCase(), base64, secret.toString('base64url'), secret.toString('latin1')];
}
