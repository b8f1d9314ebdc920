import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Role } from '../../src/model/role.ts';
import { digestClientSecret, newClientSecret } from '../../src/service/auth/secret-digest.ts';
import { issueToken } from '../../src/service/auth/sessions.ts';
import { initRegistry } from '../../src/service/init-registry.ts';
import { readMasterKey } from '../../src/service/keys/key-file.ts';
import type { MasterKey } from '../../src/service/keys/master-key.ts';
import { createAccount } from '../../src/service/store/accounts.ts';
import { openStore } from '../../src/service/store/open-store.ts';
import { createPrincipal } from '../../src/service/store/principals.ts';
import type { Store } from '../../src/service/store/store.ts';
import { PROGRAM } from '../acceptance/cli.ts';
import { Background } from './background.ts';
import type { Cluster } from './postgres.ts';

const NODE = { program: 'node', package: 'nodejs' } as const;
const ORIGIN = { actor: 'registry' } as const;

/** Someone with a token, and the secret to get another. */
export interface Member {
  readonly accountId: string;
  readonly handle: string;
  readonly principalId: string;
  readonly clientSecret: string;
  readonly token: string;
}

/** One process that serves. */
export interface Served extends AsyncDisposable {
  readonly url: string;
  readonly pid: number;
  kill(): Promise<void>;
}

/** What a request was answered with. */
export interface Answered {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
  readonly headers: Headers;
}

/** A registry, mostly on PostgreSQL, with its database in the test's hands, served by processes of the built command. */
export class ServedRegistry implements AsyncDisposable {
  readonly folder: string;
  readonly database: string;
  readonly store: Store;
  readonly masterKey: MasterKey;
  #names = 0;

  private constructor(folder: string, database: string, parts: [Store, MasterKey]) {
    this.folder = folder;
    this.database = database;
    [this.store, this.masterKey] = parts;
  }

  static async create(cluster: Pick<Cluster, 'database'>): Promise<ServedRegistry> {
    const folder = await mkdtemp(join(tmpdir(), 'keyline-served-'));
    const database = await cluster.database();
    const [adminPasswordFile, masterKeyFile] = [join(folder, 'pass'), join(folder, 'registry.key')];
    await writeFile(adminPasswordFile, 'correct horse battery staple\n', { mode: 0o600 });
    await initRegistry({ database, masterKeyFile, admin: 'root', adminPasswordFile });
    const store = await openStore(database, { create: false });
    return new ServedRegistry(folder, database, [store, await readMasterKey(masterKeyFile)]);
  }

  /** Starts one more process; the caller ends it. */
  async serve(listen = '127.0.0.1:0'): Promise<Served> {
    const argv = ['registry', 'serve', '--listen', listen, '--log-level', 'error'];
    const process = new Background(NODE, [PROGRAM, ...argv], {
      cwd: this.folder,
      env: { KEYLINE_REGISTRY_DATABASE: this.database },
    });
    const [url] = await process.until(/http:\/\/[\d.:]+/);
    return {
      url,
      pid: process.pid,
      kill: () => process.kill(),
      [Symbol.asyncDispose]: () => process[Symbol.asyncDispose](),
    };
  }

  /** A system account with these roles, or a user, in an account of its own unless one is given. */
  async member(
    roles: readonly Role[],
    more: { readonly accountId?: string; readonly kind?: 'user' | 'system' } = {},
  ): Promise<Member> {
    const handle = `acme-${this.#names++}`;
    const clientSecret = newClientSecret();
    return await this.store.change(ORIGIN, async (change) => {
      const account = { handle, name: handle, kind: 'oem' } as const;
      const accountId = more.accountId ?? (await createAccount(change, account)).id;
      const { id: principalId } = await createPrincipal(change, {
        ...{ kind: more.kind ?? 'system', accountId, roles, name: handle, login: handle },
        secretDigest: digestClientSecret(clientSecret),
      });
      const { token } = await issueToken(change, { accountId, principalId, secretVersion: 1 });
      return { accountId, handle, principalId, clientSecret, token };
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.store[Symbol.asyncDispose]();
    await rm(this.folder, { recursive: true });
  }
}

/** One request with a token; a body makes it a POST, which has an Idempotency-Key. */
export async function ask(
  { url }: Served,
  token: string,
  request: { readonly path: string; readonly method?: string; body?: object; key?: string },
): Promise<Answered> {
  const { path, body, key = randomUUID() } = request;
  const method = request.method ?? (body ? 'POST' : 'GET');
  const response = await fetch(`${url}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      'idempotency-key': key,
      ...(body && { 'content-type': 'application/json' }),
    },
    ...(body && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  const parsed = (text === '' ? {} : JSON.parse(text)) as Answered['body'];
  return { status: response.status, body: parsed, headers: response.headers };
}

/** A stream of server-sent events that is read as far as a test needs it; ended with its scope. */
export class EventReader implements Disposable {
  readonly #ended = new AbortController();
  #reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  readonly #decoder = new TextDecoder();
  /** Everything that came. */
  text = '';

  static async open(
    { url }: Pick<Served, 'url'>,
    token: string,
    path: string,
  ): Promise<EventReader> {
    const events = new EventReader();
    const headers = { authorization: `Bearer ${token}`, accept: 'text/event-stream' };
    const response = await fetch(`${url}${path}`, { headers, signal: events.#ended.signal });
    events.#reader = response.body?.getReader();
    return events;
  }

  /** Resolves once the pattern is in the text; throws where the stream ends before. */
  async until(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.text)) {
      const value = (await this.#reader?.read())?.value;
      if (!value) throw new Error(`the stream ended: ${this.text}`);
      this.text += this.#decoder.decode(value, { stream: true });
    }
  }

  /** Resolves once the stream has ended. */
  async end(): Promise<void> {
    while ((await this.#reader?.read())?.done === false);
  }

  [Symbol.dispose](): void {
    this.#ended.abort();
  }
}
