import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { setMember } from '../../src/job/set-member.ts';
import { HttpMachines } from '../../src/registry/http-machines.ts';
import type { MemberState } from '../../src/registry/people.ts';

/** A member on a server that does what it is asked and may say something else. */
class MemberServer {
  state = 'active';
  lots: readonly string[] = [];
  version = 1;
  readonly asked: string[] = [];
  readonly server: Server;
  /** What happens before a change is looked at. */
  meanwhile: () => void = () => undefined;
  /** How many answers to changes are lost. */
  lost = 0;
  /** Before its ETags. */
  tagPrefix = '';

  constructor() {
    this.server = createServer((request, response) => {
      const { method = '', headers } = request;
      this.asked.push(method);
      const say = (status: number, body: object): void => {
        const tag = {
          etag: `${this.tagPrefix}"${this.version}"`,
          'content-type': 'application/json',
        };
        response.writeHead(status, tag).end(JSON.stringify(body));
      };
      const { state, lots } = this;
      if (method === 'GET') {
        say(200, { id: 'pr_1', roles: [], state, lots });
        return;
      }
      request.setEncoding('utf8').once('data', (text: string) => {
        this.meanwhile();
        if (headers['if-match'] !== `"${this.version}"`) {
          say(412, { code: 'precondition-failed' });
          return;
        }
        this.version++;
        Object.assign(this, JSON.parse(text));
        if (this.lost-- > 0) response.destroy();
        else say(200, { id: 'pr_1', roles: [], state: this.state, lots: this.lots });
      });
    }).listen(0, '127.0.0.1');
  }

  async machines(): Promise<HttpMachines> {
    if (!this.server.listening) await once(this.server, 'listening');
    const { port } = this.server.address() as AddressInfo;
    return new HttpMachines({ url: `http://127.0.0.1:${port}`, pauseMs: 1 });
  }
}

const setState = (machines: HttpMachines, state: MemberState) =>
  machines.change('pr_1', (member) => (member.state === state ? undefined : { state }));

let at: MemberServer;
afterEach(() => {
  at.server.closeAllConnections();
  at.server.close();
});

it('disables a member whose answer is lost, once', async () => {
  at = new MemberServer();
  at.lost = 1;
  const machines = await at.machines();
  expect(await setState(machines, 'disabled')).toMatchObject({ state: 'disabled' });
  expect([at.version, at.asked]).toEqual([2, ['GET', 'PATCH', 'PATCH', 'GET']]);
});

it('disables a member that somebody renames meanwhile, by the version that it has then', async () => {
  at = new MemberServer();
  at.meanwhile = () => {
    if (at.version === 1) at.version++;
  };
  const machines = await at.machines();
  expect(await setState(machines, 'disabled')).toMatchObject({ state: 'disabled' });
  expect(at.asked).toEqual(['GET', 'PATCH', 'GET', 'PATCH']);
});

it('adds a lot to those that somebody else gives the station meanwhile', async () => {
  at = new MemberServer();
  at.meanwhile = () => {
    if (at.version > 1) return;
    at.version++;
    at.lots = ['kl_theirs'];
  };
  at.lost = 1;
  const machines = await at.machines();
  const wish = { addLots: ['kl_ours'] };
  const { member, isChanged } = await setMember(machines, { id: 'pr_1' }, wish);
  expect([isChanged, member.lots, at.version]).toEqual([true, ['kl_theirs', 'kl_ours'], 3]);
});

it('leaves a member alone that is as it should be', async () => {
  at = new MemberServer();
  const machines = await at.machines();
  expect(await setState(machines, 'active')).toMatchObject({ state: 'active' });
  expect(at.asked).toEqual(['GET']);
});

it('knows the version behind a proxy that makes its tags weak', async () => {
  at = new MemberServer();
  at.tagPrefix = 'W/';
  const machines = await at.machines();
  expect(await setState(machines, 'disabled')).toMatchObject({ state: 'disabled' });
  expect(at.asked).toEqual(['GET', 'PATCH']);
});
