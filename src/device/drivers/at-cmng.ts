import { createHash } from 'node:crypto';
import { DeviceFailure } from '../../model/failure.ts';
import { driverKind } from '../driver.ts';
import type { Captures, Driver, DriverContext, Evidence, Held } from '../driver.ts';
import { knownPattern } from '../pattern.ts';
import type { DeviceProfile } from '../profile-model.ts';
import { AtClient } from './at-cmng-client.ts';
import type { AtError } from './at-cmng-client.ts';
import { AtCmngSection, checkAtCmngSection, CMNG_TYPES } from './at-cmng-section.ts';
import type { AtQuestion, CmngCredential } from './at-cmng-section.ts';
import { lendValue } from './lend-value.ts';
import { awaitRestart } from './restart.ts';
import type { RestartTiming } from './restart.ts';

const TIMEOUT_MS = 5_000;
const WRITE = 0;
const LIST = 1;
const DELETE = 3;

const NOT_FOUND = 513;
const EXISTS = 519;
const CME_ERRORS: Readonly<Record<number, string>> = {
  513: 'not found',
  514: 'no access',
  515: 'the memory for credentials is full',
  518: 'the modem is active',
  519: 'there is one already',
};

/** Credentials in the modem of an nRF91, by `AT%CMNG`. */
export const atCmngKind = driverKind({
  name: 'at-cmng',
  section: AtCmngSection,
  check: checkAtCmngSection,
  create: createAtCmngDriver,
});

function createAtCmngDriver(_profile: DeviceProfile, section: AtCmngSection): Driver {
  const { timeoutMs = TIMEOUT_MS, credentials, identify, model } = section;
  const begin = async ({ port, signal, log }: DriverContext, step: string): Promise<AtClient> => {
    log.note(step);
    const client = new AtClient({ port, signal, timeoutMs });
    await client.synchronise();
    return client;
  };

  const restart = async (
    context: DriverContext,
    { commands, ...timing }: RestartTiming & { readonly commands: readonly string[] },
  ): Promise<void> => {
    const client = await begin(context, 'restart');
    for (const command of commands) {
      const { error } = await client.command(command);
      if (error) throw refused(command, error);
    }
    await awaitRestart(context, timing, async () => {
      await begin(context, 'wait for the modem');
    });
  };

  const driver: Driver = {
    identify: async (context) => {
      if (!identify) throw new Error('a profile that was not checked');
      return ask(await begin(context, 'identify'), identify);
    },

    inspect: async (context): Promise<Held> => {
      const client = await begin(context, 'inspect');
      const secret = credentials.find(({ type }) => type === 'psk' || type === 'private-key');
      const digest = await listed(client, secret ?? firstOf(credentials));
      return digest === undefined ? { kind: 'none' } : { kind: 'digest', digest };
    },

    captures: async (context): Promise<Captures> => {
      const client = await begin(context, 'captures');
      const captures: Record<string, string> = {};
      for (const [name, question] of Object.entries(section.captures ?? {})) {
        captures[name] = await ask(client, question);
      }
      return captures;
    },

    write: async (context, values): Promise<Captures> => {
      const client = await begin(context, 'write');
      // An active modem takes no credentials.
      const { error } = await client.command('AT+CFUN=4');
      if (error) throw refused('AT+CFUN=4', error);
      for (const credential of credentials) {
        await lendValue(values.get(credential.value), (content) =>
          put(client, credential, content),
        );
      }
      return {};
    },

    verify: async (context, values): Promise<Evidence> => {
      if (section.restart) await restart(context, section.restart);
      const client = await begin(context, 'verify');
      for (const credential of credentials) {
        await lendValue(values.get(credential.value), (content) =>
          check(client, credential, content),
        );
      }
      const places = credentials.map(placeOf).join('; ');
      return { kind: 'digest', detail: `SHA-256 of ${places}`.slice(0, 512) };
    },
  };
  const { restart: how } = section;
  return {
    ...driver,
    ...(how && { restart: (context) => restart(context, how) }),
    ...(model && { model: async (context) => ask(await begin(context, 'model'), model) }),
  };
}

async function ask(client: AtClient, { command, pattern }: AtQuestion): Promise<string> {
  const { lines, error } = await client.command(command);
  if (error) throw refused(command, error);
  const text = pattern === undefined ? lines[0] : match(lines, pattern);
  if (text === undefined) {
    throw new DeviceFailure('garbage', `the answer to ${command} does not match its pattern`);
  }
  return text;
}

/** Line by line: what the modem says unasked must not be taken together with an answer. */
function match(lines: readonly string[], source: string): string | undefined {
  const pattern = knownPattern(source);
  for (const line of lines) {
    const found = pattern.exec(line);
    if (found) return found[1] ?? found[0];
  }
  return undefined;
}

async function put(
  client: AtClient,
  credential: CmngCredential,
  content: Uint8Array,
): Promise<void> {
  refuseContent(credential, content);
  const numbers = `${credential.tag},${CMNG_TYPES[credential.type]}`;
  const write = `AT%CMNG=${WRITE},${numbers},`;
  let { error } = await client.commandWithContent(write, content);
  if (error?.cme === EXISTS) {
    const deleted = await client.command(`AT%CMNG=${DELETE},${numbers}`);
    if (deleted.error && deleted.error.cme !== NOT_FOUND) {
      throw refused(`to delete ${placeOf(credential)}`, deleted.error);
    }
    ({ error } = await client.commandWithContent(write, content));
  }
  if (error) throw refused(placeOf(credential), error);
}

/** A quote inside would end the text early, and what follows would run as a command. */
function refuseContent(credential: CmngCredential, content: Uint8Array): void {
  const place = placeOf(credential);
  const isText = content.every(
    (byte) => byte === 0x0a || byte === 0x0d || (byte >= 0x20 && byte < 0x7f && byte !== 0x22),
  );
  if (!isText || content.length === 0) {
    throw new DeviceFailure('write-refused', `${place} is no text that fits between quotes`);
  }
  if (credential.type === 'psk' && !isHex(content)) {
    throw new DeviceFailure('write-refused', `${place} is not hexadecimal`);
  }
}

async function check(
  client: AtClient,
  credential: CmngCredential,
  content: Uint8Array,
): Promise<void> {
  const stored = await listed(client, credential);
  if (stored === undefined) {
    throw new DeviceFailure('not-stored', `${placeOf(credential)} is not there`);
  }
  if (stored !== digestOf(credential, content)) {
    throw new DeviceFailure(
      'verify-mismatch',
      `${placeOf(credential)} is not what was written, by its SHA-256`,
    );
  }
}

/** SHA-256 that the modem lists, lower-case hexadecimal; undefined where there is no such credential. */
async function listed(
  client: AtClient,
  { tag, type }: CmngCredential,
): Promise<string | undefined> {
  const { lines, error } = await client.command(`AT%CMNG=${LIST},${tag},${CMNG_TYPES[type]}`);
  if (error) {
    if (error.cme === NOT_FOUND) return undefined;
    throw refused('to list credentials', error);
  }
  const entries = lines.filter((line) => line.startsWith('%CMNG:'));
  const digests = entries.map((line) => {
    const [, foundTag, foundType, digest] =
      /^%CMNG: ?(\d+), ?(\d+), ?"([0-9A-Fa-f]{64})"$/.exec(line) ?? [];
    const isOurs = Number(foundTag) === tag && Number(foundType) === CMNG_TYPES[type];
    if (!isOurs || digest === undefined) {
      throw new DeviceFailure('garbage', `the list of credentials does not tell ${tag}, ${type}`);
    }
    return digest.toLowerCase();
  });
  if (digests.length > 1) {
    throw new DeviceFailure('garbage', `the modem lists tag ${tag}, ${type} more than once`);
  }
  return digests[0];
}

function digestOf(credential: CmngCredential, content: Uint8Array): string {
  const hash = createHash('sha256');
  if (credential.digestOf !== 'bytes') return hash.update(content).digest('hex');
  const bytes = Buffer.from(Buffer.from(content).toString('latin1'), 'hex');
  const digest = hash.update(bytes).digest('hex');
  bytes.fill(0);
  return digest;
}

function isHex(content: Uint8Array): boolean {
  return content.length % 2 === 0 && /^[0-9A-Fa-f]+$/.test(Buffer.from(content).toString('latin1'));
}

function placeOf({ tag, type }: CmngCredential): string {
  return `tag ${tag}, ${type}`;
}

function firstOf<T>(list: readonly T[]): T {
  const [first] = list;
  if (first === undefined) throw new Error('a profile that was not checked');
  return first;
}

function refused(what: string, { cme }: AtError): DeviceFailure {
  const words = cme === undefined ? undefined : CME_ERRORS[cme];
  const number = cme === undefined ? 'ERROR' : `CME ${cme}`;
  return new DeviceFailure(
    'write-refused',
    `the modem refused ${what}: ${words === undefined ? number : `${words} (${number})`}`,
  );
}
