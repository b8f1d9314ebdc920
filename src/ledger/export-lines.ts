import { fromHex } from '../kernel/bytes.ts';
import { canonicalJson } from '../kernel/canonical-json.ts';
import { KeylineError, throwIfAborted } from '../kernel/errors.ts';
import { openDatabase } from '../kernel/sqlite.ts';
import { ChainCheck, namedSeq } from './chain-check.ts';
import { LedgerFile } from './ledger-file.ts';
import type { LedgerReader } from './ledger.ts';
import { SCHEMA } from './schema.ts';
import { verified } from './verify-ledger.ts';
import type { VerifiedLedger, VerifyOptions } from './verify-ledger.ts';

const LINES = 256;

/**
 * An export as NDJSON: `{"event":…,"hash":…}` for each event, the event canonical, and at the end
 * `{"head":JWS}`, the station's signature over all of it. Yields some hundred lines at a time.
 */
export async function* exportLines(
  reader: LedgerReader,
  signedHead: string,
  signal?: AbortSignal,
): AsyncIterable<string> {
  let lines: string[] = [];
  for await (const { event, hash } of reader.entries()) {
    lines.push(`{"event":${canonicalJson(event)},"hash":"${hash}"}\n`);
    if (lines.length < LINES) continue;
    throwIfAborted(signal);
    yield lines.join('');
    lines = [];
  }
  lines.push(`{"head":${JSON.stringify(signedHead)}}\n`);
  yield lines.join('');
}

/** Walks an export and checks its signature, as `verifyLedgerFile` does. Throws `ledger-damaged` for another kind of file. */
export async function verifyExport(
  lines: AsyncIterable<string>,
  options: VerifyOptions = {},
): Promise<VerifiedLedger> {
  using check = await ChainCheck.begin(witnessed(options));
  return await walkExport(check, lines, options);
}

/**
 * Verifies an export and gives a ledger to be read, made of its events in a private file that goes when
 * it is disposed. Throws as `verifyExport` does, and for an export that has issues.
 */
export async function loadExport(
  path: string,
  lines: AsyncIterable<string>,
  options: VerifyOptions = {},
): Promise<{ readonly file: LedgerFile; readonly verified: VerifiedLedger }> {
  const database = await openDatabase('');
  try {
    database.exec(SCHEMA);
    using check = ChainCheck.into(database, witnessed(options));
    const found = await walkExport(check, lines, options);
    check.keep();
    return { file: LedgerFile.loaded(path, database), verified: found };
  } catch (error) {
    database.close();
    throw error;
  }
}

function witnessed({ witness }: VerifyOptions): number[] {
  return witness === undefined ? [] : [namedSeq(witness)];
}

async function walkExport(
  check: ChainCheck,
  lines: AsyncIterable<string>,
  { witness, signal }: VerifyOptions,
): Promise<VerifiedLedger> {
  let statement: string | undefined;
  let count = 0;
  for await (const line of lines) {
    if (count++ % LINES === 0) throwIfAborted(signal);
    const { event, hash, head } = parseLine(line, count);
    if (statement !== undefined) check.add(`line ${count} stands after the signed head`);
    else if (head !== undefined) statement = head;
    else check.take(seqOf(event), fromHex(hash) ?? new Uint8Array(), canonicalJson(event));
  }
  if (statement === undefined) check.add('it has no signed head: it was cut short');
  const signed = statement === undefined ? 0 : await checkLast(check, statement);
  if (witness !== undefined) await check.checkHead(witness.trim(), 'the witness');
  return verified(check, signed);
}

/** The head of an export covers its last event, which is known only at the end. */
async function checkLast(check: ChainCheck, statement: string): Promise<number> {
  check.keepLast();
  const seq = await check.checkHead(statement, 'the signed head');
  if (seq !== 0 && seq !== check.head.seq)
    check.add('the signed head does not cover the last event');
  return seq;
}

function parseLine(
  line: string,
  number: number,
): { event: unknown; hash: string; head: string | undefined } {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw notAnExport(number);
  }
  if (typeof value !== 'object' || value === null) throw notAnExport(number);
  const { event, hash, head } = value as Record<string, unknown>;
  if (typeof head === 'string') return { event, hash: '', head };
  if (typeof hash !== 'string' || typeof event !== 'object') throw notAnExport(number);
  return { event, hash, head: undefined };
}

function seqOf(event: unknown): number {
  const seq = (event as { seq?: unknown } | null)?.seq;
  return typeof seq === 'number' ? seq : 0;
}

function notAnExport(line: number): KeylineError {
  return new KeylineError('ledger-damaged', {
    message: `line ${line} is not one of a ledger’s export`,
    hint: 'Give a ledger file, or what `keyline ledger export` wrote.',
    facts: { line },
  });
}
