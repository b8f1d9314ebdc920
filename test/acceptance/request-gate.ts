import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a gate does with a request. */
export type Passage = 'through' | 'held' | 'half' | 'unanswered';

/**
 * Stands before a registry and lets requests through but for those that are held, of which half the body is let
 * through, or whose answer is lost once, until it is opened.
 */
export class RequestGate implements AsyncDisposable {
  readonly #server: Server;
  readonly #passageOf: (method: string, path: string) => Passage;
  #isOpen = false;
  #under = 0;
  #isHolding = false;
  readonly #lost = new Set<string>();
  #onStill: () => void = () => undefined;
  /** Resolves once a request is held and no other is under way. */
  readonly still = new Promise<void>((resolve) => (this.#onStill = resolve));

  private constructor(target: string, passageOf: (method: string, path: string) => Passage) {
    this.#passageOf = passageOf;
    this.#server = createServer((asked, answer) => {
      this.#pass(target, asked, answer);
    });
  }

  static async before(
    target: string,
    passageOf: (method: string, path: string) => Passage,
  ): Promise<RequestGate> {
    const gate = new RequestGate(target, passageOf);
    gate.#server.listen(0, '127.0.0.1');
    await once(gate.#server, 'listening');
    return gate;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Holds nothing from now on; who was held is hung up on. */
  open(): void {
    this.#isOpen = true;
    this.#server.closeAllConnections();
  }

  #pass(target: string, asked: IncomingMessage, answer: ServerResponse): void {
    const { method = '', url = '', headers } = asked;
    const passage = this.#isOpen ? 'through' : this.#passageOf(method, url);
    if (passage === 'held') {
      this.#hold();
      return;
    }
    const onward = request(`${target}${url}`, { method, headers }, (answered) => {
      if (passage === 'unanswered' && !this.#lost.has(url)) {
        this.#lost.add(url);
        answered.resume().on('end', () => answer.destroy());
        return;
      }
      answer.writeHead(answered.statusCode ?? 502, answered.headers);
      answered.pipe(answer);
    });
    onward.on('error', () => answer.destroy());
    if (passage === 'half') {
      asked.once('data', (bytes: Buffer) => {
        asked.pause();
        onward.write(bytes.subarray(0, bytes.length / 2), () => {
          this.#hold();
        });
      });
      return;
    }
    this.#under++;
    answer.on('close', () => {
      this.#under--;
      this.#tell();
    });
    asked.pipe(onward);
  }

  #hold(): void {
    this.#isHolding = true;
    this.#tell();
  }

  #tell(): void {
    if (this.#isHolding && this.#under === 0) this.#onStill();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
