import { ledgerPath, outboxPath } from '../home/ledger-paths.ts';
import { openRegistry } from '../job/registry-session.ts';
import type { OpenRegistry } from '../job/registry-session.ts';
import { drainOutbox } from '../job/drain-outbox.ts';
import type { OutboxParts } from '../job/drain-outbox.ts';
import { openLot } from '../job/open-lot.ts';
import type { OpenLot } from '../job/open-lot.ts';
import { OutboxCursor } from '../job/outbox-cursor.ts';
import { StationOutbox } from '../job/station-outbox.ts';
import type { OutboxTally } from '../job/station-outbox.ts';
import type { Home } from '../home/home.ts';
import { KeylineError } from '../kernel/errors.ts';
import type { Credentials } from '../keystore/credentials.ts';
import type { LedgerReader } from '../ledger/ledger.ts';
import { openProvedLedger } from '../ledger/open-ledger.ts';
import type { RegisterCounts } from '../registry/sealed-uploads.ts';
import type { BaseCommand } from './base-command.ts';
import { grouped } from './progress.ts';
import { registryChoices } from './registry-context-flags.ts';
import type { RegistryContextValues } from './registry-context-flags.ts';
import { facts } from './table.ts';

/** Units that are named, where many were refused. */
const MOST_NAMED = 20;

/** The lot, the ledger and the home of a station. */
export interface StationLine {
  readonly home: Home;
  readonly ledger: LedgerReader;
  readonly open: Pick<OpenLot, 'lot' | 'secrets'>;
}

/** What `registry` is to be told of; `fromStart`: of everything once more. */
export async function outboxParts(
  { home, ledger, open }: StationLine,
  { registry, session }: OpenRegistry,
  { fromStart = false }: { readonly fromStart?: boolean } = {},
): Promise<OutboxParts> {
  const accountId = session.accountId ?? (await registry.identity()).accountId;
  const place = { url: session.url, accountId, lotId: open.lot.lotId };
  const cursor = await OutboxCursor.open(outboxPath(home), place, { ledger, fromStart });
  return { ledger, open, devices: registry.devices, cursor };
}

/** Registers a run's units as they pass. Throws at once, before a device is touched, where nobody is logged in. */
export async function openStationOutbox(
  line: StationLine,
  flags: RegistryContextValues,
): Promise<StationOutbox> {
  const choices = registryChoices(flags);
  const { env } = process;
  await openRegistry(line.home, choices, { env });
  return new StationOutbox(async (signal) =>
    outboxParts(line, await openRegistry(line.home, choices, { signal, env })),
  );
}

/** Says what a run's outbox came to, where a person is to know. */
export function reportOutbox(
  command: Pick<BaseCommand, 'warning'>,
  { waiting, conflict, invalid, trouble }: OutboxTally,
  lot: string,
): void {
  if (conflict + invalid > 0) {
    command.warning(
      `the registry refused ${grouped(conflict + invalid)} units; keyline station register ${lot} --all names them`,
    );
  }
  if (waiting === 0) return;
  const why = trouble ? ` (${trouble.message})` : '';
  command.warning(
    `${grouped(waiting)} units are not registered yet${why}; keyline station register ${lot} does it, and so does the next run`,
  );
}

/** How many units became what. */
export type CaughtUp = RegisterCounts;

/** Tells the registry of what passed and says what became of it. Throws `rows-refused` where it refused units. */
export async function catchUp(
  command: Pick<BaseCommand, 'home' | 'signal' | 'print' | 'warning'>,
  opened: OpenRegistry,
  wishes: {
    readonly lot: string;
    readonly all: boolean;
    readonly credentials: () => Credentials;
  },
): Promise<CaughtUp> {
  const { home, signal } = command;
  await using open = await openLot(home, wishes.lot, wishes.credentials());
  const { reader } = await openProvedLedger(ledgerPath(home), { signal });
  using ledger = reader;
  const parts = await outboxParts({ home, ledger, open }, opened, { fromStart: wishes.all });
  let named = 0;
  const counts = await drainOutbox(parts, {
    signal,
    onResult: (serial, { outcome, reason = outcome }) => {
      if (outcome === 'created' || outcome === 'unchanged' || ++named > MOST_NAMED) return;
      command.warning(`${serial} was refused: ${reason}`);
    },
  });
  command.print(
    facts([
      ['created', grouped(counts.created)],
      ['unchanged', grouped(counts.unchanged)],
      ['refused', grouped(counts.conflict + counts.invalid)],
    ]),
  );
  const refused = counts.conflict + counts.invalid;
  if (refused === 0) return counts;
  throw new KeylineError('rows-refused', {
    message: `${grouped(refused)} units were not registered`,
    hint: `Another device has the serial or the credential. To try again: keyline station register ${wishes.lot} --all`,
    facts: { ...counts },
  });
}
