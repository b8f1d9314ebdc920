import { createHash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { canonicalJson } from '../../kernel/canonical-json.ts';
import { KeylineError } from '../../kernel/errors.ts';
import { actorOf, unauthenticated } from '../auth/caller.ts';
import type { Service } from '../service.ts';
import { isKeyTaken, keepAnswer, takeKey } from '../store/idempotency.ts';
import type { RepeatableRequest } from '../store/idempotency.ts';
import type { Change } from '../store/store.ts';

/** What a POST answers. */
export interface Answer<Body> {
  readonly status: number;
  readonly body: Body;
  /** `etag` and `location`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The body holds a secret: it is not kept, and a repetition gets `already-issued`. */
  readonly isSecret?: boolean;
}

const KEY = /^[\x21-\x7e]{8,128}$/;

/** Carries out requests that change something, each once, however often it is repeated. */
export class Repeatable {
  readonly #service: Service;
  readonly #inFlight = new Set<string>();

  constructor(service: Service) {
    this.#service = service;
  }

  /** Names the request among all, and says whether it was carried out already. Throws `idempotency-key-missing`. */
  async look(
    request: FastifyRequest,
  ): Promise<{ readonly name: string; readonly isDone: boolean }> {
    const { principalId, key } = readKey(request);
    const { store, clock } = this.#service;
    const at = clock.now().toISOString();
    const isDone = await isKeyTaken(store.reader, { principalId, key, at });
    return { name: `${principalId} ${key}`, isDone };
  }

  /**
   * Runs `work` in one transaction with its Idempotency-Key and sends the answer; a repetition gets the
   * stored one, with `idempotent-replay: true`. Throws the codes of `takeKey`, `idempotency-key-missing`,
   * and `idempotency-in-flight` while this process works on the first.
   */
  async answer<Body>(
    request: FastifyRequest,
    reply: FastifyReply,
    work: (change: Change) => Promise<Answer<Body>>,
  ): Promise<void> {
    const repeatable = readKey(request);
    const { principalId: actor, key } = repeatable;
    const flight = `${actor} ${key}`;
    if (this.#inFlight.has(flight)) {
      throw new KeylineError('idempotency-in-flight', { message: 'the first is on its way' });
    }
    this.#inFlight.add(flight);
    try {
      const origin = { actor, requestId: request.id };
      const given = await this.#service.store.change(origin, async (change) => {
        const stored = await takeKey(change, repeatable);
        if (stored) return { ...stored, isReplay: true };
        const { status, headers = {}, body, isSecret = false } = await work(change);
        const text = JSON.stringify(body);
        if (!isSecret) await keepAnswer(change, repeatable, { status, headers, body: text });
        return { status, headers, body: text, isReplay: false };
      });
      if (given.isReplay) reply.header('idempotent-replay', 'true');
      await reply
        .status(given.status)
        .headers(given.headers)
        .type('application/json; charset=utf-8')
        .serializer((text: string) => text)
        .send(given.body);
    } finally {
      this.#inFlight.delete(flight);
    }
  }
}

function readKey(request: FastifyRequest): RepeatableRequest {
  const { caller, method, url, body } = request;
  if (!caller) throw unauthenticated();
  const key = request.headers['idempotency-key'];
  if (typeof key !== 'string' || !KEY.test(key)) {
    throw new KeylineError('idempotency-key-missing', {
      message: 'Idempotency-Key is missing, or not 8 to 128 visible characters',
    });
  }
  // A person has one id in several accounts; a device may have changed hands before it asks again.
  const account = caller.kind === 'device' ? '' : `${caller.accountId} `;
  const text = `${account}${method} ${url}\n${canonicalJson(body ?? null)}`;
  const digest = createHash('sha256').update(text);
  return { principalId: actorOf(caller), key, request: digest.digest('hex') };
}
