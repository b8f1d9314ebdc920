import { randomBytes, randomUUID } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { send } from '../registry/http-client.ts';
import type { DemoPlace } from './demo-steps.ts';

/** The accounts of the demo, and who runs each. */
const ACCOUNTS = [
  { handle: 'acme', name: 'Acme Devices', kind: 'oem', login: 'mia' },
  { handle: 'widgets', name: 'Widgets Ltd', kind: 'customer', login: 'ben' },
] as const;

/** What the devices of widgets are told. */
const TEMPLATE = {
  trustAnchors: [],
  values: { broker: 'mqtts://broker.widgets.example', topic: 'meters/{serial}' },
};

/** One random password for everybody in the demo, in the folder's file `password`. */
export async function writeDemoPassword(folder: string): Promise<void> {
  const password = randomBytes(18).toString('base64url');
  await writeFile(join(folder, 'password'), `${password}\n`, { mode: 0o600 });
}

/** Makes the accounts by the registry's interface; their admins choose their passwords by invitation. */
export async function makeDemoAccounts(place: DemoPlace): Promise<string> {
  const password = await passwordOf(place);
  const accessToken = await logIn(place, 'root');
  const shown: string[] = [];
  for (const { login, ...account } of ACCOUNTS) {
    const body = { ...account, admin: { login, name: login } };
    const made = (await post(place, '/v1/accounts', { body, accessToken })) as {
      readonly invitation: { readonly token: string };
    };
    const { token } = made.invitation;
    await post(place, '/v1/password', { body: { token, password } });
    shown.push(`POST /v1/accounts    ${account.handle}, with ${login} as its admin`);
  }
  return shown.join('\n');
}

/** Puts the configuration template of who buys the devices. */
export async function putDemoTemplate(place: DemoPlace): Promise<string> {
  const accessToken = await logIn(place, 'ben');
  await send(sessionOf(place), {
    ...{ method: 'PUT', path: '/v1/templates/default', body: JSON.stringify(TEMPLATE) },
    headers: { ...headersOf(accessToken), 'if-match': '"0"' },
  });
  return `PUT /v1/templates/default    ${JSON.stringify(TEMPLATE.values)}`;
}

async function logIn(place: DemoPlace, login: string): Promise<string> {
  const body = { login, password: await passwordOf(place) };
  const { accessToken } = (await post(place, '/v1/login', { body })) as {
    readonly accessToken: string;
  };
  return accessToken;
}

async function post(
  place: DemoPlace,
  path: string,
  request: { readonly body: object; readonly accessToken?: string },
): Promise<unknown> {
  const response = await send(sessionOf(place), {
    ...{ method: 'POST', path, body: JSON.stringify(request.body) },
    headers: { ...headersOf(request.accessToken), 'idempotency-key': randomUUID() },
  });
  return response.status === 204 ? undefined : await response.json();
}

function sessionOf({ found, signal }: DemoPlace): Parameters<typeof send>[0] {
  return { url: found.get('REGISTRY') ?? '', signal };
}

function headersOf(accessToken: string | undefined): Record<string, string> {
  return {
    'content-type': 'application/json',
    ...(accessToken !== undefined && { authorization: `Bearer ${accessToken}` }),
  };
}

async function passwordOf({ folder }: DemoPlace): Promise<string> {
  return (await readFile(join(folder, 'password'), 'utf8')).trim();
}
