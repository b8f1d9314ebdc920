import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { HttpMachines } from '../../src/registry/http-machines.ts';

/** A member on a server that does what it is asked and may say something else. */
class MemberServer {
  state = 'active';
  version = 1;
  readonly asked: string[] = [];
  readonly server: Server;
  /** What happens before a change is looked at. */
  meanwhile: () => void = () => undefined;
  /** How many answers to changes are lost. */
  lost = 0;

  constructor() {
    this.server = createServer((request, response) => {
      const { method = '', headers } = request;
      this.asked.push(method);
      const say = (status: number, body: object): void => {
        const tag = { etag: `"${this.version}"`, 'content-type': 'application/json' };
        response.writeHead(status, tag).end(JSON.stringify(body));
      };
      const { state } = this;
      if (method === 'GET') {
        say(200, { id: 'pr_1', state });
        return;
      }
      request.setEncoding('utf8').once('data', (text: string) => {
        this.meanwhile();
        if (headers['if-match'] !== `"${this.version}"`) {
          say(412, { code: 'precondition-failed' });
          return;
        }
        this.version++;
        this.state = (JSON.parse(text) as { state: string }).state;
        if (this.lost-- > 0) response.destroy();
        else say(200, { id: 'pr_1', state: this.state });
      });
    }).listen(0, '127.0.0.1');
  }

  async machines(): Promise<HttpMachines> {
    if (!this.server.listening) await once(this.server, 'listening');
    const { port } = this.server.address() as AddressInfo;
    return new HttpMachines({ url: `http://127.0.0.1:${port}`, pauseMs: 1 });
  }
}

let at: MemberServer;
afterEach(() => {
  at.server.closeAllConnections();
  at.server.close();
});

it('disables a member whose answer is lost, once', async () => {
  at = new MemberServer();
  at.lost = 1;
  const machines = await at.machines();
  expect(await machines.setState('pr_1', 'disabled')).toMatchObject({ state: 'disabled' });
  expect([at.version, at.asked]).toEqual([2, ['GET', 'PATCH', 'PATCH', 'GET']]);
});

it('disables a member that somebody renames meanwhile, by the version that it has then', async () => {
  at = new MemberServer();
  at.meanwhile = () => {
    if (at.version === 1) at.version++;
  };
  const machines = await at.machines();
  expect(await machines.setState('pr_1', 'disabled')).toMatchObject({ state: 'disabled' });
  expect(at.asked).toEqual(['GET', 'PATCH', 'GET', 'PATCH']);
});

it('leaves a member alone that is as it should be', async () => {
  at = new MemberServer();
  const machines = await at.machines();
  expect(await machines.setState('pr_1', 'active')).toMatchObject({ state: 'active' });
  expect(at.asked).toEqual(['GET']);
});
