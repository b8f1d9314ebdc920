import { existsSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { chooseDeriver } from '../derive/choose.ts';
import { portableDeriver } from '../derive/portable-deriver.ts';
import type { Home } from '../home/home.ts';
import { ledgerPath } from '../home/ledger-paths.ts';
import { findStation } from '../home/station-store.ts';
import { requireInside } from '../derive/deriver.ts';
import { KeylineError } from '../kernel/errors.ts';
import type { Credentials } from '../keystore/credentials.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { openLedger } from '../ledger/open-ledger.ts';
import type { Range } from '../model/range.ts';
import { openLabelMaker } from './label-maker.ts';
import type { LabelChoices, LabelMaker } from './label-maker.ts';
import { openLabelOutlet } from './label-outlet.ts';
import type { LabelOutlet, LabelTarget } from './label-outlet.ts';
import { beginPrint } from './label-record.ts';
import { bookOf } from './open-lot.ts';
import type { OpenLot } from './open-lot.ts';
import { openStation } from './open-station.ts';
import { operatorName } from './operator.ts';

/** What is printed, and where. */
export interface LabelRequest extends LabelChoices {
  readonly range: Range;
  readonly target: LabelTarget;
  /** As the person wrote it. */
  readonly output: string;
  readonly force: boolean;
  readonly reprint?: string | undefined;
}

/** What surrounds a print. */
export interface LabelEffects {
  readonly credentials: Credentials;
  readonly toolVersion: string;
  readonly inputs?: readonly string[];
  readonly signal?: AbortSignal;
  /** For the printer to take one label; 10 s. */
  readonly timeoutMs?: number;
}

/** What came of it. */
export interface PrintedLabels {
  readonly labels: number;
  readonly format: string;
  readonly output: string;
  /** Where the print is on record. */
  readonly record: 'ledger' | 'allocation book';
}

/**
 * Prints the labels of a range, each on record before it leaves. Throws `already-printed`,
 * `lot-closed`, `range-outside-lot`, `outside-grant`, `label-unprintable`, `label-template-invalid`,
 * `printer-unreachable`, `printer-failed` and what writing files throws, saying how many were done.
 */
export async function printLabels(
  home: Home,
  open: OpenLot,
  request: LabelRequest,
  effects: LabelEffects,
): Promise<PrintedLabels> {
  const { lot } = open;
  const { range, target, output, style, withClaim, reprint } = request;
  requireInside(lot, range);
  if (reprint?.trim() === '')
    throw new KeylineError('usage', { message: '--reprint wants a reason' });
  if (range.count > 1 && target.kind === 'file' && style.format !== 'zpl') {
    throw new KeylineError('usage', {
      message: `${range.count} labels do not go into one ${style.format.toUpperCase()} file`,
      hint: 'Name a folder with -o FOLDER/, or print as ZPL.',
    });
  }
  const maker = await openLabelMaker(lot, request);
  // Before anything is on record: a label that cannot be laid out stops the command.
  for await (const { bytes } of labels(open, { from: range.from, count: 1 }, maker)) bytes.fill(0);
  await using ledger = await openLedgerOf(home, open, effects);
  const { signal, inputs, timeoutMs } = effects;
  await using outlet = await openLabelOutlet(target, {
    ...{ format: style.format, secret: withClaim, force: request.force, inputs, timeoutMs, signal },
  });
  const books = { lot, book: bookOf(home, lot), ledger: ledger.ledger, who: operatorName() };
  const record = await beginPrint(books, { range, withClaim, reference: output, reprint });
  const count = await printAll(outlet, {
    ...{ record, total: range.count, output },
    labels: labels(open, range, maker, signal),
  });
  const { format } = style;
  return { labels: count, format, output, record: ledger.ledger ? 'ledger' : 'allocation book' };
}

async function printAll(
  outlet: LabelOutlet,
  job: {
    readonly labels: ReturnType<typeof labels>;
    readonly record: (index: number) => Promise<void>;
    readonly total: number;
    readonly output: string;
  },
): Promise<number> {
  let done = 0;
  try {
    for await (const label of job.labels) {
      await job.record(label.index);
      await outlet.write(label);
      label.bytes.fill(0);
      done += 1;
      // Making labels never waits by itself: without a turn neither Ctrl-C nor the printer is heard.
      await nextTurn();
    }
    await outlet.end();
    return done;
  } catch (error) {
    throw afterSome(error, done, job.total);
  }
}

/** The labels of a range in index order; the bytes of each are the caller's to wipe. */
async function* labels(open: OpenLot, range: Range, maker: LabelMaker, signal?: AbortSignal) {
  // One unit is derived sooner than the kernel is compiled.
  const deriver = range.count === 1 ? portableDeriver : chooseDeriver();
  const options = { needs: maker.needs, ...(signal && { signal }) };
  for await (const batch of deriver.derive(open, range, options)) {
    for (let at = 0; at < batch.count; at++) yield await maker.make(batch.unit(at));
  }
}

/** How far a print has come belongs to what went wrong. */
function afterSome(error: unknown, done: number, total: number): unknown {
  if (!(error instanceof KeylineError) || total === 1) return error;
  const { code, message, hint, facts } = error;
  const detail = { message: `${message}, after ${done} of ${total} labels`, hint };
  return new KeylineError(code, { ...detail, facts: { ...facts, labels: done, of: total } });
}

/** The station's ledger where there is one that has units of the lot. */
async function openLedgerOf(
  home: Home,
  open: OpenLot,
  { credentials, toolVersion }: LabelEffects,
): Promise<{ readonly ledger: Ledger | undefined } & AsyncDisposable> {
  const none = { ledger: undefined, [Symbol.asyncDispose]: () => Promise.resolve() };
  const path = ledgerPath(home);
  if (!existsSync(path) || !(await findStation(home))) return none;
  const station = await openStation(home, credentials);
  try {
    const ledger = await openLedger(path, { station, toolVersion, create: false });
    const close = async (): Promise<void> => {
      await ledger[Symbol.asyncDispose]();
      station[Symbol.dispose]();
    };
    if (ledger.lots().some(({ lotId }) => lotId === open.lot.lotId)) {
      return { ledger, [Symbol.asyncDispose]: close };
    }
    await close();
    return none;
  } catch (error) {
    station[Symbol.dispose]();
    throw error;
  }
}
