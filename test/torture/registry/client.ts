import { randomUUID } from 'node:crypto';
import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { Random } from '../random.ts';
import { answersOf } from './history.ts';
import type { Answer, Asked, Attempt, Call } from './history.ts';

/** Who asks. */
export interface Asker {
  /** Handle of the account, or the id of the device. */
  readonly by: string;
  /** `Authorization`. */
  readonly authorization: string;
}

/** What is asked. */
export interface Wanted {
  readonly method?: 'GET' | 'POST' | 'PUT';
  readonly path: string;
  readonly body?: unknown;
  /** Bytes of a part, in place of a body. */
  readonly csv?: Buffer;
  readonly asked?: Asked;
}

/** What was sent, so that it can be sent again. */
interface Sent {
  readonly call: Call;
  readonly send: () => Promise<Attempt>;
}

const ATTEMPT_MS = 30_000;
/** So long nothing is out of order on any machine; later a request counts as never answered. */
const PATIENCE_MS = 300_000;
const LATER = new Set(['idempotency-in-flight', 'registry-unavailable', 'rate-limited']);

/** No request of a run is without an answer for so long. */
export class Unanswered extends Error {}

/** Sends requests until they are answered, and writes down every answer. */
export class Client {
  readonly calls: Call[] = [];
  readonly #port: () => number;
  readonly #done: Sent[] = [];

  /** `port` is asked anew for each attempt. */
  constructor(port: () => number) {
    this.#port = port;
  }

  /** Sends it until it is answered; rejects with `Unanswered`. */
  async call(asker: Asker, wanted: Wanted, random: Random): Promise<Answer> {
    const { method = wanted.body === undefined ? 'GET' : 'POST', path } = wanted;
    const { asked = { kind: 'read' } } = wanted;
    const key = method === 'POST' && !path.startsWith('/v1/device/') ? randomUUID() : undefined;
    const call: Call = {
      ...{ n: this.calls.length, by: asker.by, method, path, key, asked, attempts: [] },
    };
    if (asked.kind !== 'read') this.calls.push(call);
    const send = (): Promise<Attempt> => this.#attempt(asker, { ...wanted, method, key });
    const answer = await carry(call, send, random);
    if (key !== undefined && answer.status < 300) this.#done.push({ call, send });
    return answer;
  }

  /** Sends something again that was carried out before. */
  async repeat(random: Random): Promise<void> {
    const sent = this.#done[random.below(Math.max(1, this.#done.length))];
    if (sent) await carry(sent.call, sent.send, random);
  }

  #attempt(
    { authorization }: Asker,
    { method, path, body, csv, key }: Wanted & { readonly key: string | undefined },
  ): Promise<Attempt> {
    return new Promise((resolve) => {
      const text = csv ?? (body === undefined ? '' : JSON.stringify(body));
      const sent = request(
        {
          ...{ host: '127.0.0.1', port: this.#port(), method, path, agent: false },
          timeout: ATTEMPT_MS,
          headers: {
            authorization,
            'content-length': Buffer.byteLength(text),
            ...(text.length > 0 && {
              'content-type': csv ? 'text/csv' : 'application/json',
            }),
            ...(key !== undefined && { 'idempotency-key': key }),
          },
        },
        (response) => {
          read(response).then(resolve, (error: unknown) => {
            resolve({ lost: String(error) });
          });
        },
      );
      sent.on('timeout', () => sent.destroy(new Error('no answer came')));
      sent.on('error', ({ message }) => {
        resolve({ lost: message });
      });
      sent.end(text);
    });
  }
}

async function carry(call: Call, send: () => Promise<Attempt>, random: Random): Promise<Answer> {
  const began = performance.now();
  for (;;) {
    const attempt = await send();
    const isLater = !('lost' in attempt) && LATER.has(attempt.code ?? '');
    if (!isLater) call.attempts.push(attempt);
    if (!('lost' in attempt) && !isLater) return attempt;
    if (performance.now() - began > PATIENCE_MS) {
      const heard = answersOf(call).map(({ status }) => status);
      throw new Unanswered(`${call.method} ${call.path}: ${heard.join(' ')}`);
    }
    await new Promise((resolve) => setTimeout(resolve, random.between(20, 150)));
  }
}

async function read(response: IncomingMessage): Promise<Answer> {
  let text = '';
  response.setEncoding('utf8');
  for await (const chunk of response) text += String(chunk);
  const { statusCode: status = 0, headers } = response;
  const type = headers['content-type'] ?? '';
  const body: unknown = type.includes('json') && !type.includes('ndjson') ? JSON.parse(text) : text;
  const code = type.includes('problem') ? (body as { code?: string }).code : undefined;
  return {
    ...{ status, body, ...(code !== undefined && { code }) },
    requestId: String(headers['x-request-id']),
    isReplay: headers['idempotent-replay'] === 'true',
  };
}
