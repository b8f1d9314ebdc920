import { ensureLedgerFolder } from '../home/ledger-paths.ts';
import type { Home } from '../home/home.ts';
import { createDriver } from '../device/driver-kinds.ts';
import type { Driver } from '../device/driver.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Credentials } from '../keystore/credentials.ts';
import { openLedger } from '../ledger/open-ledger.ts';
import type { EventContext } from '../model/ledger-event.ts';
import type { Range } from '../model/range.ts';
import { admitUnits } from './admit-units.ts';
import type { AfterPass } from './after-pass.ts';
import { loadProfile } from './check-device-file.ts';
import { bookOf, openLot } from './open-lot.ts';
import { openStation } from './open-station.ts';
import { provisionRun } from './provision-run.ts';
import type { ProvisionRun } from './provision-run.ts';
import { requireOpenLot } from './require-open-lot.ts';
import { readTrustAnchor } from './trust-anchor.ts';

/** What a person decides about a run, at a bench or at a line. */
export interface LineChoices {
  /** Code or id. */
  readonly lot: string;
  /** A file, or the name of a shipped profile. */
  readonly profile: string;
  readonly range?: Range | undefined;
  readonly operator?: string | undefined;
  readonly order?: string | undefined;
  readonly jig?: string | undefined;
  /** A PEM file. */
  readonly trustAnchor?: string | undefined;
  readonly afterPass?: AfterPass | undefined;
  /** Why a credential that is not this ledger's may be overwritten. */
  readonly overwrite?: string | undefined;
  /** A copy of the ledger's head, best on another disk. */
  readonly witness?: string | undefined;
  readonly mode?: ProvisionRun['mode'] | undefined;
}

/** What surrounds a run. */
export interface LineEffects {
  readonly credentials: Credentials;
  readonly toolVersion: string;
  readonly clock?: Clock;
  /** Of the ledger’s machine-id.ts unless given. */
  readonly machineId?: string | undefined;
}

/** Everything that a run needs, open until it is disposed: the lot, the station, its ledger. */
export interface OpenLine extends AsyncDisposable {
  readonly run: ProvisionRun;
  readonly warnings: readonly string[];
  /** One for each slot. */
  driver(): Driver;
}

/**
 * Opens profile, lot, station and ledger, in this order, and admits the units that the run may give.
 * Throws what each of them throws, before any port is touched.
 */
export async function openLine(
  home: Home,
  choices: LineChoices,
  effects: LineEffects,
): Promise<OpenLine> {
  const { credentials, toolVersion, clock, machineId } = effects;
  const profile = await loadProfile(choices.profile);
  const trustAnchor =
    choices.trustAnchor === undefined ? undefined : await readTrustAnchor(choices.trustAnchor);
  const held: (AsyncDisposable | Disposable)[] = [];
  const close = async (): Promise<void> => {
    for (const one of held.splice(0).reverse()) {
      if (Symbol.asyncDispose in one) await one[Symbol.asyncDispose]();
      else one[Symbol.dispose]();
    }
  };
  const keep = <T extends AsyncDisposable | Disposable>(one: T): T => {
    held.push(one);
    return one;
  };
  try {
    const open = keep(await openLot(home, choices.lot, credentials, clock ? { clock } : {}));
    requireOpenLot(open);
    const station = keep(await openStation(home, credentials));
    const path = await ensureLedgerFolder(home);
    const { witness } = choices;
    const ledger = keep(
      await openLedger(path, { station, toolVersion, witness, machineId, ...(clock && { clock }) }),
    );
    const { name } = station.card;
    // What a profile asks of the lot is asked before anything leaves it.
    const run = provisionRun({
      ...{ open, profile, trustAnchor, ledger, station: name, context: contextOf(choices) },
      ...{ afterPass: choices.afterPass, overwrite: choices.overwrite },
      mode: choices.mode ?? 'provision',
    });
    const book = bookOf(home, open.lot, clock);
    const { range } = choices;
    const ranges = await admitUnits(ledger, open, { station: name, book, range });
    return {
      run: range === undefined ? run : { ...run, ranges },
      warnings: open.warnings,
      driver: () => createDriver(profile),
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function contextOf({ jig, operator, order }: LineChoices): EventContext {
  return {
    ...(jig !== undefined && { jig }),
    ...(operator !== undefined && { operator }),
    ...(order !== undefined && { order }),
  };
}
