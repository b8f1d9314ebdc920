import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ErrorReport } from '../../src/cli/report.ts';
import type { Role } from '../../src/model/role.ts';
import {
  digestClientSecret,
  digestPassword,
  newClientSecret,
} from '../../src/service/auth/secret-digest.ts';
import { createAccount } from '../../src/service/store/accounts.ts';
import { openStore } from '../../src/service/store/open-store.ts';
import { createPrincipal } from '../../src/service/store/principals.ts';
import { keyline, PROGRAM, shell } from './cli.ts';
import type { Ran } from './cli.ts';

const PASSWORD = 'correct horse battery staple';

/** A folder with a home and a registry that a process serves, and people who are logged in by context. */
export class ServedRegistry implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'keyline-served-'));
  readonly env: Record<string, string>;
  url = '';
  #server: ChildProcess | undefined;

  private constructor() {
    const { folder } = this;
    this.env = {
      KEYLINE_HOME: join(folder, 'home'),
      KEYLINE_PASSPHRASE_FILE: join(folder, 'pass'),
    };
    writeFileSync(join(folder, 'pass'), `${PASSWORD}\n`, { mode: 0o600 });
  }

  /**
   * A registry with these accounts, each a machine's log-in of the same name; `people` are more log-ins,
   * each of one of those accounts.
   */
  static async start(
    accounts: Readonly<Record<string, readonly Role[]>>,
    people: Readonly<
      Record<string, { readonly account: string; readonly roles: readonly Role[] }>
    > = {},
  ): Promise<ServedRegistry> {
    const served = new ServedRegistry();
    await served.must('registry init --admin root --admin-password-file pass');
    const ids = new Map<string, string>();
    for (const [handle, roles] of Object.entries(accounts)) {
      ids.set(handle, await served.#addClient(handle, roles));
    }
    for (const [login, { account, roles }] of Object.entries(people)) {
      await served.#addPerson(login, { accountId: ids.get(account) ?? '', roles });
    }
    // Proofs name the registry by its address, so the port is chosen here.
    served.url = `http://127.0.0.1:${await freePort()}`;
    await served.serve();
    for (const handle of Object.keys(accounts)) {
      const files = `--client-id-file ${handle}.id --client-secret-file ${handle}.secret`;
      await served.must(`registry login ${served.url} --context ${handle} ${files}`);
    }
    for (const login of Object.keys(people)) {
      const who = `--login ${login} --password-file pass`;
      await served.must(`registry login ${served.url} --context ${login} ${who}`);
    }
    return served;
  }

  /** Starts its process, which `start` has done; again after `stop`. */
  async serve(): Promise<void> {
    const args = ['registry', 'serve', '--listen', new URL(this.url).host, '--log-level', 'error'];
    const server = spawn(process.execPath, [PROGRAM, ...args], {
      cwd: this.folder,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.#server = server;
    await once(server.stdout, 'data');
  }

  /** Ends its process by SIGTERM; resolves to the exit code. */
  async stop(): Promise<number | null> {
    const server = this.#server;
    if (!server) return null;
    server.kill('SIGTERM');
    const [code] = (await once(server, 'exit')) as [number | null];
    this.#server = undefined;
    return code;
  }

  /** Runs a line as this log-in; words are apart by spaces, or the line is given as words. */
  run(as: string, line: string | readonly string[]): Promise<Ran> {
    const words = typeof line === 'string' ? line.split(' ') : line;
    return keyline(words, { cwd: this.folder, env: { ...this.env, KEYLINE_CONTEXT: as } });
  }

  /** The same with `--json`, and what it said. */
  async ask(as: string, line: string | readonly string[]): Promise<Answer> {
    const words = typeof line === 'string' ? line.split(' ') : line;
    const { code, stdout } = await this.run(as, [...words, '--json']);
    return { code, ...(JSON.parse(stdout) as Omit<Answer, 'code'>) };
  }

  /** Runs a line of shell as this log-in. */
  shell(as: string, line: string): Promise<Ran> {
    return shell(line, { cwd: this.folder, env: { ...this.env, KEYLINE_CONTEXT: as } });
  }

  /** Runs a line that is only the way to what is tested. */
  async must(line: string, as = 'default'): Promise<void> {
    const ran = await this.run(as, line);
    if (ran.code !== 0) throw new Error(`${line} ended with ${String(ran.code)}: ${ran.stderr}`);
  }

  /** The first units of each lot as their line would have reported them. */
  async build(units: number): Promise<void> {
    await using store = await openStore(join(this.folder, 'registry.sqlite'), { create: false });
    await store.change({ actor: 'registry' }, ({ db }) =>
      db
        .updateTable('devices')
        .set({ provisioning: 'verified' })
        .where('lotIndex', '<', units)
        .execute(),
    );
  }

  /** Writes a file of these lines into the folder. */
  write(name: string, lines: readonly string[]): void {
    writeFileSync(join(this.folder, name), `${lines.join('\n')}\n`);
  }

  async #addPerson(
    login: string,
    { accountId, roles }: { readonly accountId: string; readonly roles: readonly Role[] },
  ): Promise<void> {
    await using store = await openStore(join(this.folder, 'registry.sqlite'), { create: false });
    const secretDigest = await digestPassword(PASSWORD);
    await store.change({ actor: 'registry' }, (change) =>
      createPrincipal(change, { kind: 'user', accountId, login, name: login, roles, secretDigest }),
    );
  }

  async #addClient(handle: string, roles: readonly Role[]): Promise<string> {
    await using store = await openStore(join(this.folder, 'registry.sqlite'), { create: false });
    const secret = newClientSecret();
    const made = await store.change({ actor: 'registry' }, async (change) => {
      const wanted = { handle, name: handle, kind: 'oem' } as const;
      const { id: accountId } = await createAccount(change, wanted);
      const { id: principalId } = await createPrincipal(change, {
        ...{ kind: 'system', accountId, name: 'machine', roles },
        secretDigest: digestClientSecret(secret),
      });
      return { accountId, principalId };
    });
    writeFileSync(join(this.folder, `${handle}.id`), `${made.principalId}\n`);
    writeFileSync(join(this.folder, `${handle}.secret`), `${secret}\n`, { mode: 0o600 });
    return made.accountId;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    rmSync(this.folder, { recursive: true });
  }
}

/** A port that nobody listens on at this moment, for an address that has to be known before. */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}

/** What a command said under `--json`. */
export interface Answer {
  readonly code: number | null;
  readonly result?: unknown;
  readonly error?: ErrorReport;
  readonly warnings?: readonly string[];
}
