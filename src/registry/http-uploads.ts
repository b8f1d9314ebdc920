import { KeylineError, throwIfAborted } from '../kernel/errors.ts';
import { brokenOff, getJson, postJson, withQuery } from './http-calls.ts';
import { pause, send } from './http-client.ts';
import type { HttpSession } from './http-client.ts';
import type {
  PartContent,
  RegisterCounts,
  RegistryUpload,
  RowOutcome,
  SealedUploads,
} from './sealed-uploads.ts';

/** A commit under way or at its end. */
interface Operation {
  readonly id: string;
  readonly state: 'waiting' | 'running' | 'succeeded' | 'failed';
  readonly done: number;
  readonly total: number;
  readonly result?: RegisterCounts;
}

/** An upload as the service shows it. */
interface UploadAnswer extends Omit<RegistryUpload, 'isCommitted'> {
  readonly state: string;
}

const FIRST_LOOK_MS = 50;
const LONGEST_LOOK_MS = 1_000;

/** Sealed uploads by keyline's own HTTP interface. */
export class HttpUploads implements SealedUploads {
  readonly #session: HttpSession;

  constructor(session: HttpSession) {
    this.#session = session;
  }

  async begin(lotId: string, kind: 'planned' | 'as-built', seal: string): Promise<RegistryUpload> {
    const path = `/v1/lots/${lotId}/uploads`;
    const upload = await postJson<UploadAnswer>(this.#session, path, { kind, seal });
    const { id, parts, missing, state } = upload;
    return { id, parts, missing, isCommitted: state === 'committed' };
  }

  async sendPart(id: string, n: number, { gzip, format }: PartContent): Promise<void> {
    const type = format === 'csv' ? 'text/csv' : 'application/x-ndjson';
    const headers = { 'content-type': type, 'content-encoding': 'gzip' };
    const path = `/v1/uploads/${id}/parts/${n}`;
    await send(this.#session, { method: 'PUT', path, headers, body: gzip });
  }

  async commit(
    id: string,
    onApplied: (done: number, total: number) => void,
  ): Promise<RegisterCounts> {
    let operation = await postJson<Operation>(this.#session, `/v1/uploads/${id}/commit`);
    for (let waitMs = FIRST_LOOK_MS; ; waitMs = Math.min(LONGEST_LOOK_MS, waitMs * 2)) {
      onApplied(operation.done, operation.total);
      const { state, result } = operation;
      if (state === 'succeeded' && result) return result;
      if (state === 'succeeded' || state === 'failed') {
        throw new KeylineError('registry-failed', {
          message: 'the registry could not end the upload',
          facts: { operation: operation.id },
        });
      }
      await pause(waitMs, this.#session.signal);
      operation = await getJson(this.#session, `/v1/operations/${operation.id}`);
    }
  }

  async *outcomes(id: string, which: 'all' | 'failed'): AsyncGenerator<RowOutcome, void> {
    const only = which === 'failed' ? which : undefined;
    const path = withQuery(`/v1/uploads/${id}/results`, { only });
    const response = await send(this.#session, { method: 'GET', path });
    const decoder = new TextDecoder();
    let rest = '';
    for await (const bytes of this.#bytesOf(response)) {
      const lines = (rest + decoder.decode(bytes, { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) yield JSON.parse(line) as RowOutcome;
    }
  }

  async *#bytesOf({ body }: Response): AsyncGenerator<Uint8Array, void> {
    try {
      yield* (body ?? []) as AsyncIterable<Uint8Array>;
    } catch {
      throwIfAborted(this.#session.signal);
      throw brokenOff(this.#session);
    }
  }
}
