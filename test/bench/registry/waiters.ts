import { once } from 'node:events';
import { request } from 'node:http';

/** A process of devices that wait, each on a connection of its own, until all have their answer. */
const [{ port, tokens }] = (await once(process, 'message')) as [{ port: number; tokens: string[] }];
const AT_ONCE = 200;

let open = 0;
let normal = 0;
const answers: Promise<void>[] = [];
for (let at = 0; at < tokens.length; at += AT_ONCE) {
  const sent = tokens.slice(at, at + AT_ONCE).map((token) => wait(token));
  answers.push(...sent.map(({ answered }) => answered));
  await Promise.all(sent.map(({ connected }) => connected));
}
process.send?.({ open });
await Promise.all(answers);
process.send?.({ normal });

function wait(token: string): { connected: Promise<void>; answered: Promise<void> } {
  const headers = { authorization: `Bearer ${token}` };
  const path = '/v1/device/wait?seconds=300';
  const sent = request({ host: '127.0.0.1', port, path, agent: false, headers });
  sent.end();
  const connected = new Promise<void>((resolve) => {
    // The request is on its way; the server has it a moment later.
    sent.once('finish', () => {
      open += 1;
      resolve();
    });
  });
  const answered = new Promise<void>((resolve, reject) => {
    sent.on('error', reject).on('response', (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () => {
        if ((JSON.parse(text) as { mode?: string }).mode === 'normal') normal += 1;
        resolve();
      });
    });
  });
  return { connected, answered };
}
