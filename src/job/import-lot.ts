import { GrantStore } from '../home/grant-store.ts';
import type { Home } from '../home/home.ts';
import { LotStore } from '../home/lot-store.ts';
import { systemClock } from '../kernel/clock.ts';
import type { Clock } from '../kernel/clock.ts';
import { KeylineError } from '../kernel/errors.ts';
import type { Secret } from '../kernel/secret.ts';
import { openKey } from '../keystore/open-key.ts';
import { isAgeFile } from '../keystore/age-envelope.ts';
import type { Credentials } from '../keystore/credentials.ts';
import { deriveLotSecret } from '../model/hierarchy.ts';
import type { ProvisioningKey } from '../model/ids.ts';
import { lotEnd } from '../model/lot.ts';
import type { Lot } from '../model/lot.ts';
import type { Range } from '../model/range.ts';
import { serialsMeet } from '../model/serial-overlap.ts';
import { openLotDescriptor } from '../seals/lot-descriptor.ts';
import { writeGroupKey } from './azure-group-file.ts';
import { readGroupKeyFile } from './group-key-input.ts';
import { openOne } from './open-granted-lot.ts';
import { openStation } from './open-station.ts';
import { serialRangeOf } from './serial-conflicts.ts';

/** What an import brought. */
export interface ImportedLot {
  readonly lot: Lot;
  /** False where all of it was here already. */
  readonly added: boolean;
  /** There for a grant. */
  readonly grant?: {
    readonly grantId: string;
    readonly ranges: readonly Range[];
    readonly notAfter: string;
  };
  readonly warnings: readonly string[];
}

/** What surrounds an import. */
export interface ImportEffects {
  /** The key that the lot must be of. */
  readonly expectKey?: ProvisioningKey | undefined;
  /** Asked only for a grant, which this machine's station opens. */
  readonly credentials: () => Credentials;
  readonly clock?: Clock | undefined;
  /** The enrollment group key of a lot that has an imported one; its owner's key must be here. */
  readonly groupKeyFile?: string | undefined;
}

/**
 * Takes a lot descriptor, or a grant for this machine's station, from a file's bytes. Throws
 * `descriptor-invalid`, `key-mismatch`, `already-exists` for other bytes under a lot id that is here,
 * `no-station`, and a grant's own codes.
 */
export async function importLot(
  home: Home,
  content: Secret,
  effects: ImportEffects,
): Promise<ImportedLot> {
  if (content.use(isAgeFile)) return importGrant(home, content, effects);
  const descriptor = content.use((bytes) => new TextDecoder().decode(bytes)).trim();
  const lot = await openLotDescriptor(descriptor);
  requireKey(lot, effects.expectKey);
  if (effects.groupKeyFile !== undefined) await importGroupKey(home, lot, effects);
  await using _lock = await home.lock();
  const warnings = await warningsFor(home, lot);
  const added = await new LotStore(home).add(lot, descriptor);
  return { lot, added, warnings };
}

async function importGrant(
  home: Home,
  content: Secret,
  effects: ImportEffects,
): Promise<ImportedLot> {
  using station = await openStation(home, effects.credentials());
  // A grant as it arrives is ciphertext.
  const ageFile = content.use((bytes) => Uint8Array.from(bytes));
  const now = (effects.clock ?? systemClock).now();
  const { grant, secrets } = await openOne(ageFile, station, now);
  secrets[Symbol.dispose]();
  const { lot, statement } = grant;
  requireKey(lot, effects.expectKey);
  await using _lock = await home.lock();
  const warnings = await warningsFor(home, lot);
  await new LotStore(home).add(lot, statement.lot);
  const added = await new GrantStore(home).add(grant, ageFile);
  const { grantId, ranges, notAfter } = statement;
  return { lot, added, grant: { grantId, ranges, notAfter }, warnings };
}

async function importGroupKey(home: Home, lot: Lot, effects: ImportEffects): Promise<void> {
  if (lot.azureGroupKey !== 'imported') {
    throw new KeylineError('usage', {
      message: `lot ${lot.code} has no imported enrollment group key`,
      facts: { lotId: lot.lotId },
    });
  }
  using groupKey = await readGroupKeyFile(effects.groupKeyFile);
  await using key = await openKey(home, lot.provisioningKey, effects.credentials());
  using lotSecret = await deriveLotSecret(key, lot.lotId);
  await using _lock = await home.lock();
  if (groupKey) await writeGroupKey(home, lot, { lotSecret, groupKey });
}

function requireKey(lot: Lot, expected: ProvisioningKey | undefined): void {
  if (expected === undefined || lot.provisioningKey === expected) return;
  throw new KeylineError('key-mismatch', {
    message: `the lot is of ${lot.provisioningKey}, not of ${expected}`,
    hint: 'Do not use it before you know where it comes from.',
    facts: { expected, found: lot.provisioningKey },
  });
}

/** A lot that exists cannot be refused for what it shares with another; people must know. */
async function warningsFor(home: Home, lot: Lot): Promise<string[]> {
  const { lots } = await new LotStore(home).list();
  const others = lots.map((stored) => stored.lot).filter((other) => other.lotId !== lot.lotId);
  const warnings: string[] = [];
  if (others.some((other) => other.code === lot.code)) {
    warnings.push(`another lot has the code ${lot.code}: name each by its id`);
  }
  const met = others.find(
    (other) =>
      other.provisioningKey === lot.provisioningKey &&
      serialsMeet(serialRangeOf(other), serialRangeOf(lot)),
  );
  if (met) {
    warnings.push(`lots ${met.code} and ${lot.code} (${lotEnd(lot)} units) share serials`);
  }
  return warnings;
}
