import { stat } from 'node:fs/promises';
import { KeylineError, throwIfAborted } from '../kernel/errors.ts';
import { textLines } from '../kernel/text-lines.ts';
import { unreadable } from '../kernel/unreadable.ts';
import { textOfCsv } from '../manifest/csv-field.ts';
import { parseCsvRow } from '../manifest/csv-row.ts';
import { refuseMissingFile } from './refuse-missing-file.ts';

/** How a device is named: by the registry's id, by its serial or by its endpoint key. */
export type DeviceNameKind = 'ids' | 'serials' | 'endpointKeys';

/** A device as a person names it, and what is said of it. */
export interface NamedDevice {
  readonly kind: DeviceNameKind;
  readonly name: string;
  readonly reason?: string;
}

/** Columns of a CSV file or members of a line of JSON; the first that is there names the device. */
const COLUMNS: readonly (readonly [kind: DeviceNameKind, names: readonly string[]])[] = [
  ['ids', ['deviceId', 'device_id', 'device', 'id']],
  ['serials', ['serial']],
  ['endpointKeys', ['endpointKey', 'endpoint_key']],
];
const NAME_COLUMNS = COLUMNS.flatMap(([, names]) => names);
const LONGEST_NAME = 128;
const LONGEST_REASON = 256;

/**
 * The devices that the sources name, in order: each is a file, `-` for standard input, or, where no file
 * has that name, one device. A file has a name a line, or is CSV with a header or NDJSON, as exports and
 * manifests are; of those the columns for id, serial, endpoint key and reason are read and no other. Throws
 * `device-list-invalid` with the line, `not-found`, `interrupted`.
 */
export async function readDevices(
  sources: readonly string[],
  signal?: AbortSignal,
): Promise<NamedDevice[]> {
  const devices: NamedDevice[] = [];
  for (const source of sources) {
    if (source !== '-' && !(await isFile(source))) {
      refuseMissingFile(source);
      devices.push(nameDevice(source, 'the command line'));
      continue;
    }
    const before = devices.length;
    for await (const device of devicesIn(source, signal)) devices.push(device);
    if (devices.length === before) throw invalid(placeOf(source), 'no device is named');
  }
  return devices;
}

/** The device that a text names; of a label's claim URL only the endpoint key is taken. */
export function nameDevice(text: string, place: string): NamedDevice {
  const label = /\/c\/(ek_[0-9a-hjkmnp-tv-z]{26})(?:#|$)/.exec(text)?.[1];
  const name = label ?? text;
  if (/^(?:es|ks|kc|kt)_/i.test(name)) throw invalid(place, 'a secret stands where a name should');
  if (name === '' || name.length > LONGEST_NAME || /\p{Cc}/u.test(name)) {
    throw invalid(place, 'this is no id, serial or endpoint key');
  }
  if (/^ek_[0-9a-hjkmnp-tv-z]{26}$/.test(name)) return { kind: 'endpointKeys', name };
  return { kind: /^dv_[0-9a-hjkmnp-tv-z]{26}$/.test(name) ? 'ids' : 'serials', name };
}

async function* devicesIn(
  source: string,
  signal: AbortSignal | undefined,
): AsyncIterable<NamedDevice> {
  let read: ((text: string, place: string) => NamedDevice) | undefined;
  const form = { isCsv: false };
  for await (const { text, line } of recordsOf(source, form, signal)) {
    const place = `${placeOf(source)} line ${line}`;
    if (text.trim() === '') continue;
    if (read) {
      yield read(text, place);
      continue;
    }
    const first = text.replace(/^\uFEFF/, '');
    const header = first.startsWith('{') ? undefined : parseCsvRow(first);
    const titles = header && 'fields' in header ? header.fields.map((title) => title.trim()) : [];
    const isHeader = titles.some((title) => NAME_COLUMNS.includes(title));
    if (isHeader) {
      form.isCsv = true;
      read = (row, at) => fromRow(titles, row, at);
      continue;
    }
    read = first.startsWith('{') ? fromJson : (row, at) => nameDevice(row.trim(), at);
    yield read(first, place);
  }
}

/** Lines; in CSV those put together that a quoted field runs across. */
async function* recordsOf(
  source: string,
  form: { readonly isCsv: boolean },
  signal: AbortSignal | undefined,
): AsyncIterable<{ text: string; line: number }> {
  const stop = (): void => void process.stdin.destroy(new Error('interrupted'));
  if (source === '-') signal?.addEventListener('abort', stop);
  let [line, start, text] = [0, 1, ''];
  try {
    for await (const part of textLines(source === '-' ? process.stdin : source)) {
      line += 1;
      text = start === line ? part : `${text}\n${part}`;
      const isOpen = form.isCsv && (text.split('"').length - 1) % 2 === 1;
      if (isOpen) continue;
      yield { text, line: start };
      start = line + 1;
    }
  } catch (error) {
    throwIfAborted(signal);
    throw unreadable(source, error);
  } finally {
    signal?.removeEventListener('abort', stop);
  }
  if (start <= line) throw invalid(`${placeOf(source)} line ${start}`, 'a quote is never closed');
}

function fromRow(titles: readonly string[], text: string, place: string): NamedDevice {
  const row = parseCsvRow(text);
  if (!('fields' in row))
    throw invalid(place, `the quotes of field ${row.badField + 1} do not fit`);
  const { fields } = row;
  if (fields.length !== titles.length) {
    throw invalid(place, `${fields.length} fields instead of ${titles.length}`);
  }
  return fromValues((name) => {
    const field = fields[titles.indexOf(name)]?.trim();
    return name === 'reason' && field !== undefined ? textOfCsv(field) : field;
  }, place);
}

function fromJson(text: string, place: string): NamedDevice {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw invalid(place, 'the line is no JSON');
  }
  const members = new Map(Object.entries(value ?? {}));
  return fromValues((name) => {
    const member: unknown = members.get(name);
    return typeof member === 'string' ? member : undefined;
  }, place);
}

function fromValues(valueOf: (name: string) => string | undefined, place: string): NamedDevice {
  const reason = valueOf('reason') || undefined;
  if (reason !== undefined && reason.length > LONGEST_REASON) {
    throw invalid(place, `the reason has more than ${LONGEST_REASON} characters`);
  }
  for (const [kind, names] of COLUMNS) {
    const name = names.map(valueOf).find((value) => value !== undefined && value !== '');
    if (name === undefined) continue;
    const known = nameDevice(name, place);
    if (kind !== 'serials' && known.kind !== kind) {
      throw invalid(place, `${JSON.stringify(name)} has not the form of its column`);
    }
    return { kind, name, ...(reason !== undefined && { reason }) };
  }
  throw invalid(place, 'no device is named');
}

async function isFile(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}

function placeOf(source: string): string {
  return source === '-' ? 'standard input' : source;
}

function invalid(place: string, what: string): KeylineError {
  return new KeylineError('device-list-invalid', {
    message: `${place}: ${what}`,
    facts: { place },
  });
}
