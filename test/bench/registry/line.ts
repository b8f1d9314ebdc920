import { randomUUID } from 'node:crypto';
import { Agent, request } from 'node:http';
import type { IncomingMessage } from 'node:http';

/** Whose requests they are. */
interface Asker {
  /** `Authorization`. */
  readonly authorization: string;
}

/** What is sent. */
interface Wanted {
  readonly method?: string;
  readonly body?: unknown;
  readonly csv?: Buffer;
}

/** One connection that is kept, on which one request follows the other. */
export class Line implements Disposable {
  /** The path of the next page, as the last answer named it. */
  next: string | undefined;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  readonly #port: number;
  readonly #asker: Asker;

  constructor(port: number, asker: Asker) {
    this.#port = port;
    this.#asker = asker;
  }

  /** The answer's body; rejects for a problem. */
  ask<Body>(path: string, wanted: Wanted = {}): Promise<Body> {
    const { body, csv, method = body === undefined ? 'GET' : 'POST' } = wanted;
    const content = csv ?? (body === undefined ? '' : JSON.stringify(body));
    return new Promise((resolve, reject) => {
      const sent = request(
        {
          ...{ host: '127.0.0.1', port: this.#port, path, method, agent: this.#agent },
          headers: {
            authorization: this.#asker.authorization,
            'content-length': Buffer.byteLength(content),
            ...(method === 'POST' && { 'idempotency-key': randomUUID() }),
            ...(content.length > 0 && { 'content-type': csv ? 'text/csv' : 'application/json' }),
          },
        },
        (response) => {
          this.#read<Body>(response).then(resolve, reject);
        },
      );
      sent.on('error', reject).end(content);
    });
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }

  async #read<Body>(response: IncomingMessage): Promise<Body> {
    let text = '';
    for await (const chunk of response.setEncoding('utf8')) text += String(chunk);
    const { statusCode = 0, headers } = response;
    if (statusCode >= 300) throw new Error(`answered ${statusCode}: ${text}`);
    this.next = /<([^>]+)>; rel="next"/.exec(String(headers['link'] ?? ''))?.[1];
    return JSON.parse(text) as Body;
  }
}
