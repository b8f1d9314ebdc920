import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { ServerResponse } from 'node:http';
import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { RequestsUnderWay } from '../../src/service/http/requests-under-way.ts';

it('the end of a server hangs up on what comes in part, and answers what has come whole', async () => {
  const answers: ServerResponse[] = [];
  const server = createServer((asked, response) => {
    asked.resume();
    if (asked.url === '/whole') answers.push(response);
  });
  const underWay = new RequestsUnderWay(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;

  const whole = request({ port, host: '127.0.0.1', path: '/whole' }).end();
  const answered = once(whole, 'response');
  await once(server, 'request');
  const part = request({ port, host: '127.0.0.1', method: 'PUT', path: '/part' });
  part.setHeader('content-length', 10);
  part.write('half');
  const hungUp = once(part, 'error');
  await once(server, 'request');
  underWay.hangUpOnParts();
  expect((await hungUp)[0]).toMatchObject({ code: 'ECONNRESET' });
  answers[0]?.end('done');
  expect((await answered)[0]).toMatchObject({ statusCode: 200 });

  const head = connect(port, '127.0.0.1');
  const accepted = once(server, 'connection');
  head.on('error', () => undefined).write('PUT /part HT');
  await accepted;
  const closed = once(head, 'close');
  underWay.hangUpOnParts();
  await closed;
  server.close();
});
