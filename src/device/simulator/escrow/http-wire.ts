import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { Type } from 'typebox';
import type { Static, TSchema } from 'typebox';
import { Check } from 'typebox/value';
import { concat } from '../../../kernel/bytes.ts';
import { KeylineError, throwIfAborted } from '../../../kernel/errors.ts';
import type { CheckIn, DeviceState, DeviceWire } from './device-wire.ts';

const counter = (minimum: number) => Type.Integer({ minimum, maximum: 2 ** 32 - 1 });
/** Open: a registry may say more than this device knows of. */
const State = Type.Union([
  Type.Object({ mode: Type.Literal('escrow') }),
  Type.Object({
    mode: Type.Literal('normal'),
    config: Type.Object({
      step: counter(0),
      version: counter(1),
      // Nowhere else, whatever a registry says.
      url: Type.String({ pattern: String.raw`^/v1/device/configurations/\d+/\d+$` }),
      digest: Type.String({ pattern: '^[0-9a-f]{64}$' }),
    }),
  }),
]);
const Nonce = Type.Object({ nonce: Type.String({ minLength: 1, maxLength: 256 }) });
const Session = Type.Object({ accessToken: Type.String({ minLength: 1, maxLength: 1024 }) });

const BODY_LIMIT = 64 * 1024;
const TIMEOUT_MS = 60_000;
/** The registry ends a wait after 300 s. */
const WAIT_TIMEOUT_MS = 330_000;

/** Where a registry is, and by which certificates it is known. */
export interface HttpWireOptions {
  /** Without a slash at its end. */
  readonly url: string;
  /** PEM; undefined: those that Node comes with. */
  readonly ca?: readonly string[] | undefined;
  readonly signal: AbortSignal;
}

interface Asked {
  readonly authorization?: string;
  readonly body?: object;
  readonly timeoutMs?: number;
}

/** A device's way to a registry by HTTP, over one connection that it keeps. */
export class HttpWire implements DeviceWire {
  readonly audience: string;
  readonly #options: HttpWireOptions;
  readonly #agent: HttpAgent;
  #token: string | undefined;

  constructor(options: HttpWireOptions) {
    this.#options = options;
    this.audience = options.url;
    const { url, ca } = options;
    const common = { keepAlive: true, maxSockets: 1 };
    this.#agent = url.startsWith('https:')
      ? new HttpsAgent({ ...common, ...(ca && { ca: [...ca] }) })
      : new HttpAgent(common);
  }

  async nonce(): Promise<string> {
    return parsed(Nonce, await this.#ask('GET', '/v1/device/nonce')).nonce;
  }

  async openSession(authorization: string): Promise<void> {
    const bytes = await this.#ask('POST', '/v1/device/session', { authorization });
    this.#token = parsed(Session, bytes).accessToken;
  }

  async checkIn(said: CheckIn): Promise<DeviceState> {
    return parsed(State, await this.#ask('POST', '/v1/device/checkin', { body: said }));
  }

  async wait(): Promise<DeviceState> {
    const bytes = await this.#ask('GET', '/v1/device/wait', { timeoutMs: WAIT_TIMEOUT_MS });
    return parsed(State, bytes);
  }

  async fetch(url: string): Promise<Uint8Array> {
    return await this.#ask('GET', url);
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }

  async #ask(method: string, path: string, asked: Asked = {}): Promise<Uint8Array> {
    const { url, signal } = this.#options;
    throwIfAborted(signal);
    try {
      const response = await this.#send(method, `${url}${path}`, asked);
      const bytes = await readBody(response);
      requireSuccess(response);
      return bytes;
    } catch (error) {
      throwIfAborted(signal);
      throw error instanceof KeylineError ? error : unreachable(url, error);
    }
  }

  #send(method: string, url: string, asked: Asked): Promise<IncomingMessage> {
    const { authorization = this.#token && `Bearer ${this.#token}`, body } = asked;
    const { timeoutMs = TIMEOUT_MS } = asked;
    const text = body && JSON.stringify(body);
    const request = url.startsWith('https:') ? httpsRequest : httpRequest;
    return new Promise((resolve, reject) => {
      const sent = request(url, {
        method,
        agent: this.#agent,
        signal: AbortSignal.any([this.#options.signal, AbortSignal.timeout(timeoutMs)]),
        headers: {
          ...(authorization && { authorization }),
          ...(text && { 'content-type': 'application/json' }),
          ...(text && { 'content-length': Buffer.byteLength(text) }),
        },
      });
      sent.once('response', resolve).once('error', reject).end(text);
    });
  }
}

async function readBody(response: IncomingMessage): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of response as AsyncIterable<Uint8Array>) {
    size += part.length;
    if (size > BODY_LIMIT) {
      response.destroy();
      throw failed('the registry’s answer is larger than 64 KiB');
    }
    parts.push(part);
  }
  return concat(...parts);
}

function requireSuccess({ statusCode = 0, headers }: IncomingMessage): void {
  if (statusCode === 200) return;
  if (statusCode === 401) {
    throw new KeylineError('unauthenticated', { message: 'the registry does not know who asks' });
  }
  if (statusCode !== 429 && statusCode < 500) {
    throw failed(`the registry answered ${statusCode}`);
  }
  const retryAfterSeconds = Number(headers['retry-after'] ?? 0) || 0;
  throw new KeylineError('registry-unavailable', {
    message: `the registry answered ${statusCode}: later`,
    facts: { status: statusCode, retryAfterSeconds },
  });
}

function parsed<Schema extends TSchema>(schema: Schema, bytes: Uint8Array): Static<Schema> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw failed('the registry’s answer is no JSON');
  }
  if (Check(schema, value)) return value;
  throw failed('the registry’s answer is of another shape');
}

function failed(message: string): KeylineError {
  return new KeylineError('registry-failed', { message });
}

/** The cause's own text could quote what was sent; its code says enough. */
function unreachable(url: string, error: unknown): KeylineError {
  const { code = '' } = error as { code?: string };
  if (/CERT|SIGNATURE|ISSUER/.test(code)) {
    const message = `the certificate of ${url} is not trusted (${code})`;
    return new KeylineError('registry-untrusted', { message, facts: { url } });
  }
  const message = `nobody answers at ${url}${code === '' ? '' : ` (${code})`}`;
  return new KeylineError('registry-unavailable', { message, facts: { url } });
}
