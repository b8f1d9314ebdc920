import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DestinationStream } from 'pino';
import { inject } from 'vitest';
import type { Role } from '../../src/model/role.ts';
import { buildApp } from '../../src/service/app.ts';
import { digestClientSecret, newClientSecret } from '../../src/service/auth/secret-digest.ts';
import { issueToken } from '../../src/service/auth/sessions.ts';
import { createLog } from '../../src/service/http/log.ts';
import { Metrics } from '../../src/service/http/metrics.ts';
import { makeAccount } from '../../src/service/keys/make-account.ts';
import { MasterKey } from '../../src/service/keys/master-key.ts';
import { DeviceLooks } from '../../src/service/routes/device-looks.ts';
import type { App, Limits, Service } from '../../src/service/service.ts';
import { openStore } from '../../src/service/store/open-store.ts';
import { createPrincipal } from '../../src/service/store/principals.ts';
import type { Store } from '../../src/service/store/store.ts';
import { createDatabase } from '../system/postgres.ts';
import { TestClock } from './store-contract.ts';

const ORIGIN = { actor: 'registry' } as const;

/** Someone with a token. */
export interface TestMember {
  readonly accountId: string;
  readonly principalId: string;
  readonly clientSecret: string;
  readonly token: string;
  /** What a request of theirs carries. */
  readonly headers: { readonly authorization: string };
}

/** The application on a database of its own, with its log and its clock in the test's hands. */
export class ServiceRig implements AsyncDisposable {
  readonly clock = new TestClock();
  readonly metrics = new Metrics();
  /** Everything that was logged. */
  readonly logged: string[] = [];
  app!: App;
  store!: Store;
  service!: Service;
  #folder = '';
  readonly #closing = new AbortController();
  #names = 0;

  /**
   * On a database of its own, unless the address of another is given: on the PostgreSQL that the suites run on,
   * or in a file.
   */
  static async start(limits: Partial<Limits> = {}, database?: string): Promise<ServiceRig> {
    const rig = new ServiceRig();
    rig.#folder = await mkdtemp(join(tmpdir(), 'keyline-service-'));
    const place = database ?? (await ownDatabase(rig.#folder));
    rig.store = await openStore(place, { create: true, clock: rig.clock });
    const parts = { store: rig.store, clock: rig.clock, masterKey: MasterKey.generate().key };
    rig.service = {
      ...parts,
      publicUrl: 'https://registry.test',
      limits: {
        principalPerMinute: 10_000,
        addressPerMinute: 10_000,
        loginsPerTenMinutes: 10_000,
        ...limits,
      },
      closing: rig.#closing.signal,
      looks: new DeviceLooks(parts),
    };
    const destination: DestinationStream = { write: (line) => void rig.logged.push(line) };
    rig.app = await buildApp(rig.service, {
      log: createLog(destination),
      metrics: rig.metrics,
      version: '0.0.0',
      checkAnswers: true,
    });
    return rig;
  }

  async account(): Promise<string> {
    const wanted = { handle: `acme-${this.#names++}`, name: 'Acme', kind: 'oem' } as const;
    const { masterKey } = this.service;
    return (await this.store.change(ORIGIN, (c) => makeAccount(c, masterKey, wanted))).id;
  }

  /** A system account with these roles, or a user. */
  async member(
    roles: readonly Role[],
    more: { readonly accountId?: string; readonly kind?: 'user' | 'system' } = {},
  ): Promise<TestMember> {
    const accountId = more.accountId ?? (await this.account());
    const kind = more.kind ?? 'system';
    const clientSecret = newClientSecret();
    return await this.store.change(ORIGIN, async (change) => {
      const { id: principalId } = await createPrincipal(change, {
        ...{ kind, accountId, roles, name: `member ${this.#names++}` },
        ...(kind === 'user' && { login: `user-${this.#names++}` }),
        secretDigest: digestClientSecret(clientSecret),
      });
      const { token } = await issueToken(change, { accountId, principalId, secretVersion: 1 });
      const headers = { authorization: `Bearer ${token}` };
      return { accountId, principalId, clientSecret, token, headers };
    });
  }

  /** Ends streams and waits, as a process that is told to end does. */
  close(): void {
    this.#closing.abort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await this.app.close();
    await this.store[Symbol.asyncDispose]();
    await rm(this.#folder, { recursive: true });
  }
}

/** A new database's place: an address on the PostgreSQL that the suites run on, or a file in the folder. */
export async function ownDatabase(folder: string): Promise<string> {
  const postgres = inject('postgres');
  return postgres ? await createDatabase(postgres) : join(folder, 'registry.sqlite');
}
