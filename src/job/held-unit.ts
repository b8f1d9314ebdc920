import { KeylineError } from '../kernel/errors.ts';
import type { LedgerReader } from '../ledger/ledger.ts';
import type { Lot } from '../model/lot.ts';
import type { UnitRecord } from '../model/unit-record.ts';
import { isLive } from '../model/unit-state.ts';
import { parseUnit, UNIT_NAMES } from './show-unit.ts';
import type { UnitName, UnitReference } from './show-unit.ts';

/** What a person can name a unit by that has a device. */
export const HELD_UNIT_NAMES = [...UNIT_NAMES, 'hardware-id'] as const;
export type HeldUnitName = (typeof HELD_UNIT_NAMES)[number];

/** Where a unit is looked for. */
export interface UnitPlace {
  readonly lot: Lot;
  readonly reader: LedgerReader;
  /** What the names are, where two fit. */
  readonly by?: HeldUnitName | undefined;
  /** The index of an endpoint key, which no ledger has. Throws `not-found`. */
  readonly search: (reference: UnitReference) => Promise<number>;
}

/**
 * The unit of a lot that `text` names: as `unit show` takes it, or by the id of its device. Throws
 * `ambiguous` where two units fit, `not-found` for a unit that no device has, `range-outside-lot`.
 */
export async function heldUnit(place: UnitPlace, text: string): Promise<UnitRecord> {
  const { lot, reader, by } = place;
  const byDevice = by === undefined || by === 'hardware-id' ? unitOfDevice(place, text) : undefined;
  if (by === 'hardware-id') {
    if (byDevice) return byDevice;
    throw notFound(place, `device ${JSON.stringify(text)} has no unit of lot ${lot.code}`);
  }
  const named = nameOf(lot, text, { by, mayFail: byDevice !== undefined });
  const index = named && (await place.search(named));
  if (byDevice && (index === undefined || index === byDevice.index)) return byDevice;
  if (byDevice && index !== undefined) {
    throw new KeylineError('ambiguous', {
      message: `${JSON.stringify(text)} names unit ${index} of lot ${lot.code}, and is the id of the device that has unit ${byDevice.index}`,
      hint: 'Say which is meant with --by index, --by serial or --by hardware-id.',
      facts: { unit: text, units: [index, byDevice.index].map(String) },
    });
  }
  const record = index === undefined ? undefined : reader.unit(lot.lotId, index);
  if (record) return record;
  throw notFound(place, `no device has unit ${index ?? text} of lot ${lot.code}`);
}

/** The unit that the device has, or had: an id as it is, or a MAC address in any way of writing. */
function unitOfDevice({ lot, reader }: UnitPlace, text: string): UnitRecord | undefined {
  const bare = text.toLowerCase().replace(/[-:.]/g, '');
  const ids = /^[0-9a-f]{12}$/.test(bare) && bare !== text ? [text, bare] : [text];
  const units = ids
    .flatMap((id) => reader.byHardwareId(id))
    .filter(({ lotId }) => lotId === lot.lotId);
  return units.find(({ state }) => isLive(state)) ?? units[0];
}

function nameOf(
  lot: Lot,
  text: string,
  options: { readonly by: UnitName | undefined; readonly mayFail: boolean },
): UnitReference | undefined {
  try {
    return parseUnit(lot, text, options.by);
  } catch (error) {
    const isNone =
      error instanceof KeylineError && ['not-found', 'range-outside-lot'].includes(error.code);
    if (options.mayFail && isNone) return undefined;
    throw error;
  }
}

function notFound({ lot, reader }: UnitPlace, message: string): KeylineError {
  return new KeylineError('not-found', {
    message: `${message} in the ledger ${reader.path}`,
    hint: 'Check the name, and which station’s ledger has the unit.',
    facts: { lotId: lot.lotId },
  });
}
