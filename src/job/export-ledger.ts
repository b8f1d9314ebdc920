import { ledgerPath } from '../home/ledger-paths.ts';
import type { Home } from '../home/home.ts';
import { utf8 } from '../kernel/bytes.ts';
import { KeylineError } from '../kernel/errors.ts';
import type { Credentials } from '../keystore/credentials.ts';
import type { LedgerHead } from '../ledger/chain.ts';
import { exportLines } from '../ledger/export-lines.ts';
import { openLedgerReader } from '../ledger/open-ledger.ts';
import { signLedgerHead } from '../seals/ledger-head.ts';
import { openStation } from './open-station.ts';
import { openWhole } from './write-whole.ts';
import type { WholeOutput } from './write-whole.ts';

/** What was exported. */
export interface ExportedLedger {
  readonly ledger: string;
  readonly output: string;
  readonly station: string;
  readonly epoch: string;
  /** The last event. */
  readonly head: LedgerHead;
}

/**
 * Writes every event of this station's ledger as NDJSON, the head signed by the station at the end.
 * Throws `not-found`, `ledger-busy`, `ledger-foreign` for another station's ledger, and what the station
 * and the output throw.
 */
export async function exportLedger(
  home: Home,
  request: { readonly ledger?: string | undefined; readonly output: WholeOutput },
  effects: { readonly credentials: Credentials; readonly signal?: AbortSignal | undefined },
): Promise<ExportedLedger> {
  const { signal, credentials } = effects;
  const path = request.ledger ?? ledgerPath(home);
  await using output = await openWhole(request.output, { secret: false, inputs: [path], signal });
  using station = await openStation(home, credentials);
  using reader = await openLedgerReader(path);
  const { stationKey, machineId, epoch, station: name } = reader.identity;
  if (stationKey !== station.card.stationKey) {
    throw new KeylineError('ledger-foreign', {
      message: `the ledger ${path} belongs to another station, ${JSON.stringify(name)}`,
      hint: 'Export it where its station is: only that one can sign it.',
      facts: { path, reason: 'station', station: name },
    });
  }
  const head = reader.head();
  const statement = { stationKey, machineId, epoch, ...head };
  const signed = await signLedgerHead(statement, station.signingKey);
  for await (const lines of exportLines(reader, signed, signal)) await output.write(utf8(lines));
  await output.end();
  await output.sync();
  await output.commit();
  return { ledger: path, output: request.output.path, station: name, epoch, head };
}
