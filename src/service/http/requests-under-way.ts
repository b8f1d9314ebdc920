import type { IncomingMessage, Server, ServerResponse } from 'node:http';

/** Requests of a server that have begun and not ended, so that it can end without those that never come whole. */
export class RequestsUnderWay {
  readonly #server: Server;
  readonly #requests = new Set<IncomingMessage>();

  constructor(server: Server) {
    this.#server = server;
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      this.#requests.add(request);
      response.once('close', () => this.#requests.delete(request));
    });
  }

  /** Hangs up on whoever has not sent a whole request; what is being carried out is answered. */
  hangUpOnParts(): void {
    const whole = [...this.#requests].filter(({ complete }) => complete);
    // Of a connection that sent part of a head there is no request yet.
    if (whole.length === 0) this.#server.closeAllConnections();
    for (const request of this.#requests) if (!request.complete) request.destroy();
  }
}
