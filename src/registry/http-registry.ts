import { getJson, postJson } from './http-calls.ts';
import { pause, send } from './http-client.ts';
import type { HttpSession } from './http-client.ts';
import { HttpTransfers } from './http-transfers.ts';
import type {
  FailedRow,
  KeyChallenge,
  NewKeyFacts,
  PartContent,
  Registry,
  RegistryAccount,
  RegistryOperation,
  RegistryUpload,
} from './registry.ts';

/** Who a token says one is. */
export interface RegistryIdentity {
  readonly id: string;
  readonly kind: 'user' | 'system';
  readonly login?: string;
  readonly name: string;
  readonly accountId: string;
  /** Until then the roles grant nothing. */
  readonly mustEnrolTotp: boolean;
  readonly accounts: readonly {
    readonly id: string;
    readonly handle: string;
    readonly roles: readonly string[];
  }[];
}

/** A registry of keyline's own by its HTTP interface. */
export class HttpRegistry implements Registry {
  readonly capabilities = { sealedUploads: true, keyProofs: true } as const;
  readonly transfers: HttpTransfers;
  readonly #session: HttpSession;

  constructor(session: HttpSession) {
    this.#session = session;
    this.transfers = new HttpTransfers(session);
  }

  get url(): string {
    return this.#session.url;
  }

  identity(): Promise<RegistryIdentity> {
    return this.#get('/v1/me');
  }

  account(): Promise<RegistryAccount> {
    return this.#get('/v1/account');
  }

  challenge(): Promise<KeyChallenge> {
    return this.#post('/v1/provisioning-keys/nonce');
  }

  addKey(proof: string, more: NewKeyFacts = {}): Promise<{ readonly id: string }> {
    return this.#post('/v1/provisioning-keys', { proof, ...more });
  }

  async addLot(descriptor: string): Promise<void> {
    await this.#post('/v1/lots', { descriptor });
  }

  beginUpload(lotId: string, kind: 'planned' | 'as-built', seal: string): Promise<RegistryUpload> {
    return this.#post(`/v1/lots/${lotId}/uploads`, { kind, seal });
  }

  upload(id: string): Promise<RegistryUpload> {
    return this.#get(`/v1/uploads/${id}`);
  }

  async sendPart(id: string, n: number, { gzip, format }: PartContent): Promise<void> {
    const type = format === 'csv' ? 'text/csv' : 'application/x-ndjson';
    const headers = { 'content-type': type, 'content-encoding': 'gzip' };
    const path = `/v1/uploads/${id}/parts/${n}`;
    await send(this.#session, { method: 'PUT', path, headers, body: gzip });
  }

  commit(uploadId: string): Promise<RegistryOperation> {
    return this.#post(`/v1/uploads/${uploadId}/commit`);
  }

  operation(id: string): Promise<RegistryOperation> {
    return this.#get(`/v1/operations/${id}`);
  }

  async *failedRows(uploadId: string): AsyncIterable<FailedRow> {
    const path = `/v1/uploads/${uploadId}/results?only=failed`;
    const response = await send(this.#session, { method: 'GET', path });
    const decoder = new TextDecoder();
    let rest = '';
    const body = (response.body ?? []) as AsyncIterable<Uint8Array>;
    for await (const bytes of body) {
      const lines = (rest + decoder.decode(bytes, { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) yield JSON.parse(line) as FailedRow;
    }
  }

  async endSession(): Promise<void> {
    await send(this.#session, { method: 'DELETE', path: '/v1/token' });
  }

  /** Resolves when an operation has ended; `onDone` gets its steps. */
  async waitFor(
    started: RegistryOperation,
    onDone: (done: number, total: number) => void,
  ): Promise<RegistryOperation> {
    let operation = started;
    for (let waitMs = 50; ; waitMs = Math.min(1_000, waitMs * 2)) {
      onDone(operation.done, operation.total);
      if (operation.state === 'succeeded' || operation.state === 'failed') return operation;
      await pause(waitMs, this.#session.signal);
      operation = await this.operation(operation.id);
    }
  }

  #get<Body>(path: string): Promise<Body> {
    return getJson(this.#session, path);
  }

  #post<Body>(path: string, body?: object): Promise<Body> {
    return postJson(this.#session, path, body);
  }
}
