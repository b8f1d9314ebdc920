import { createHash } from 'node:crypto';
import { equalBytes } from '../../kernel/bytes.ts';
import { DeviceFailure } from '../../model/failure.ts';
import type { SmpClient, SmpRequest } from './smp-client.ts';
import { SMP_GROUP } from './smp-message.ts';
import type { SmpBody, SmpValue } from './smp-message.ts';
import { describeRefusal, isNotFound } from './smp-refusal.ts';

/** Most characters of a setting's name. */
export const SMP_LONGEST_SETTING = 31;

const { os, settings, fs, shell } = SMP_GROUP;
/** What fits into the smallest buffer a server is built with, where it does not tell its own. */
const SMALLEST_BUFFER_BYTES = 128;
/** Header, CRC, length, and the CBOR around name and data of an upload. */
const UPLOAD_OVERHEAD_BYTES = 48;
const LARGEST_CHUNK_BYTES = 1024;
const LONGEST_FILE_BYTES = 64 * 1024;

/** Sends text that the server must send back: whether anybody is there. */
export async function smpEcho(client: SmpClient): Promise<void> {
  const d = 'keyline';
  // Asked again and again by who waits for a device: once each time.
  const request = { op: 'write', group: os, id: 0, body: { d }, attempts: 1 } as const;
  const body = await demand(client, request, 'echo');
  if (body.get('r') !== d) throw new DeviceFailure('garbage', 'the echo is not what was sent');
}

/** Restarts the device; returns when it said that it will. */
export async function smpReset(client: SmpClient): Promise<void> {
  await demand(client, { op: 'write', group: os, id: 5, attempts: 1 }, 'restart');
}

/** Facts of the firmware, as its `format` letters ask. */
export async function smpInfo(client: SmpClient, format: string): Promise<string> {
  const body = await demand(client, { op: 'read', group: os, id: 7, body: { format } }, 'info');
  return textOf(body, 'output');
}

/** Sets a value in the running firmware. */
export async function smpSet(client: SmpClient, name: string, val: Uint8Array): Promise<void> {
  await demand(
    client,
    { op: 'write', group: settings, id: 0, body: { name, val } },
    `setting ${name}`,
  );
}

/** A setting's value, at most `maxBytes` of it; undefined where the device has none of this name. */
export async function smpGet(
  client: SmpClient,
  name: string,
  maxBytes: number,
): Promise<Uint8Array | undefined> {
  const body = await find(
    client,
    { op: 'read', group: settings, id: 0, body: { name, max_size: maxBytes } },
    `setting ${name}`,
  );
  return body && bytesOf(body, 'val');
}

/** Puts the values that were set into force. */
export async function smpCommit(client: SmpClient): Promise<void> {
  await demand(client, { op: 'write', group: settings, id: 2 }, 'commit of settings');
}

/** Writes the settings to what outlasts a restart. */
export async function smpSave(client: SmpClient): Promise<void> {
  await demand(client, { op: 'write', group: settings, id: 3 }, 'save of settings');
}

/** Writes a file, in pieces as large as the server takes; it goes on where the server says. */
export async function smpUpload(
  client: SmpClient,
  name: string,
  content: Uint8Array,
): Promise<void> {
  const step = `upload of ${name}`;
  const room = (await bufferBytes(client)) - UPLOAD_OVERHEAD_BYTES - name.length;
  const pieceBytes = Math.max(16, Math.min(LARGEST_CHUNK_BYTES, room));
  let off = 0;
  // A server that keeps losing pieces is given up.
  let triesLeft = 2 * Math.ceil(content.length / pieceBytes) + 4;
  do {
    const data = content.subarray(off, off + pieceBytes);
    const first = off === 0 ? { len: content.length } : {};
    const body = await demand(
      client,
      { op: 'write', group: fs, id: 0, body: { name, off, ...first, data } },
      step,
    );
    const next = body.get('off');
    if (typeof next !== 'number' || next > off + data.length) {
      throw new DeviceFailure('garbage', `${step}: the device tells a wrong offset`);
    }
    off = next;
    triesLeft -= 1;
    if (triesLeft === 0) throw new DeviceFailure('write-refused', `${step} does not go on`);
  } while (off < content.length);
}

/** SHA-256 that the device computes over a file, and the size it tells; undefined where there is none. */
export async function smpFileDigest(
  client: SmpClient,
  name: string,
): Promise<{ readonly digest: Uint8Array; readonly sizeBytes: number | undefined } | undefined> {
  const step = `hash of ${name}`;
  const body = await find(
    client,
    { op: 'read', group: fs, id: 2, body: { name, type: 'sha256' } },
    step,
  );
  if (!body) return undefined;
  const digest = bytesOf(body, 'output');
  if (digest.length !== 32) throw new DeviceFailure('garbage', `${step} is no SHA-256`);
  const sizeBytes = body.get('len');
  return { digest, sizeBytes: typeof sizeBytes === 'number' ? sizeBytes : undefined };
}

/** A small public file's content; undefined where there is none. */
export async function smpDownload(
  client: SmpClient,
  name: string,
): Promise<Uint8Array | undefined> {
  const parts: Uint8Array[] = [];
  let off = 0;
  let len = Infinity;
  while (off < len) {
    const body = await find(client, { op: 'read', group: fs, id: 0, body: { name, off } }, name);
    if (!body) return undefined;
    const data = bytesOf(body, 'data');
    const told = body.get('len');
    if (off === 0 && typeof told === 'number') len = told;
    const isSound = body.get('off') === off && (data.length > 0 || len === 0);
    if (!isSound || len > LONGEST_FILE_BYTES) {
      throw new DeviceFailure('garbage', `download of ${name} does not add up`);
    }
    parts.push(data);
    off += data.length;
  }
  return Uint8Array.from(Buffer.concat(parts));
}

/** Runs a command of the device's shell and returns its output. Throws `write-refused` unless it returned 0. */
export async function smpShell(client: SmpClient, argv: readonly string[]): Promise<string> {
  const step = `shell command ${argv[0] ?? ''}`;
  const body = await demand(
    client,
    // A command may have effects: it is never sent twice.
    { op: 'write', group: shell, id: 0, body: { argv: [...argv] }, attempts: 1 },
    step,
  );
  const status = body.get('ret');
  if (status !== 0) {
    const shown = typeof status === 'number' ? status : 'no status';
    throw new DeviceFailure('write-refused', `${step} returned ${shown}`);
  }
  return textOf(body, 'o');
}

/** True when a file's digest and size are those of `content`. */
export function isDigestOf(
  found: { readonly digest: Uint8Array; readonly sizeBytes: number | undefined },
  content: Uint8Array,
): boolean {
  const sameSize = found.sizeBytes === undefined || found.sizeBytes === content.length;
  return sameSize && equalBytes(found.digest, createHash('sha256').update(content).digest());
}

async function bufferBytes(client: SmpClient): Promise<number> {
  const { body } = await client.ask({ op: 'read', group: os, id: 6 });
  const size = body?.get('buf_size');
  return typeof size === 'number' ? size : SMALLEST_BUFFER_BYTES;
}

async function demand(client: SmpClient, request: SmpRequest, step: string): Promise<SmpBody> {
  const { body, refusal } = await client.ask(request);
  if (body) return body;
  throw new DeviceFailure(
    'write-refused',
    `the device refused ${step}: ${describeRefusal(refusal)}`,
    {
      step,
    },
  );
}

async function find(
  client: SmpClient,
  request: SmpRequest,
  step: string,
): Promise<SmpBody | undefined> {
  const { body, refusal } = await client.ask(request);
  if (body) return body;
  if (isNotFound(refusal)) return undefined;
  throw new DeviceFailure(
    'write-refused',
    `the device refused ${step}: ${describeRefusal(refusal)}`,
    {
      step,
    },
  );
}

function bytesOf(body: SmpBody, name: string): Uint8Array {
  const value: SmpValue = body.get(name);
  if (value instanceof Uint8Array) return value;
  throw new DeviceFailure('garbage', `the device’s answer lacks ${name}`);
}

function textOf(body: SmpBody, name: string): string {
  const value: SmpValue = body.get(name);
  if (typeof value === 'string') return value;
  throw new DeviceFailure('garbage', `the device’s answer lacks ${name}`);
}
