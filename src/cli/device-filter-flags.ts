import { Flags } from '@oclif/core';
import { lotOfRegistry } from '../job/lot-of-registry.ts';
import type { LotSources } from '../job/lot-of-registry.ts';
import type { DeviceTraits } from '../job/request-transfer.ts';
import { KeylineError } from '../kernel/errors.ts';
import { ENROLLMENT_STATES, PROVISIONING_STATES } from '../model/device-state.ts';
import { ESCROW_STATES } from '../model/escrow.ts';
import { rangeEnd } from '../model/range.ts';
import type { Range } from '../model/range.ts';
import type { DeviceFilter } from '../model/device-filter.ts';
import { rangeFlag } from './flags.ts';

const helpGroup = 'FILTER';

/** What devices are like; all that is given has to fit. */
export const traitFlags = {
  'serial-prefix': Flags.string({ helpGroup, helpValue: 'TEXT', summary: 'How serials begin.' }),
  model: Flags.string({ helpGroup, helpValue: 'NAME', summary: 'Their model.' }),
  firmware: Flags.string({ helpGroup, helpValue: 'TEXT', summary: 'What they report to run.' }),
  provisioning: Flags.option({
    options: PROVISIONING_STATES,
    ...{ helpGroup, summary: 'What the line reported.' },
  })(),
  enrollment: Flags.option({
    options: ENROLLMENT_STATES,
    ...{ helpGroup, summary: 'What the registry makes of them.' },
  })(),
  mark: Flags.string({
    ...{ helpGroup, helpValue: 'NAME' },
    summary: 'What was seen of them, such as two-hardware-ids.',
  }),
};

/** The flags of every command that lists devices. */
export const deviceFilterFlags = {
  lot: Flags.string({ helpGroup, helpValue: 'LOT', summary: 'Code or id of their lot.' }),
  range: rangeFlag({ helpGroup }),
  ...traitFlags,
};

/** `--escrow STATE` or `--state STATE`: where they are on their way to their owner. */
export const escrowStateFlag = Flags.option({
  options: ESCROW_STATES,
  ...{ helpGroup, summary: 'Where they are on their way to their owner.' },
})();

/** What the flags gave. */
export interface DeviceFilterValues {
  readonly lot?: string | undefined;
  readonly range?: Range | undefined;
  readonly 'serial-prefix'?: string | undefined;
  readonly model?: string | undefined;
  readonly firmware?: string | undefined;
  readonly provisioning?: DeviceFilter['provisioning'];
  readonly enrollment?: DeviceFilter['enrollment'];
  readonly escrow?: DeviceFilter['escrow'];
  readonly mark?: string | undefined;
}

/** The filter that the flags mean. Throws `usage` for a range without a lot, `not-found`, `ambiguous`. */
export async function deviceFilter(
  sources: LotSources,
  flags: DeviceFilterValues,
): Promise<DeviceFilter> {
  const { lot, range, escrow } = flags;
  if (range && lot === undefined) {
    throw new KeylineError('usage', { message: '--range is of a lot: name it with --lot' });
  }
  const lotId = lot === undefined ? undefined : await lotOfRegistry(sources, lot);
  return {
    ...{ lotId, first: range?.from, last: range && rangeEnd(range) - 1 },
    ...{ escrow, ...traitsOf(flags) },
  };
}

/** What the flags say that devices are like. */
export function traitsOf(flags: DeviceFilterValues): DeviceTraits {
  const { model, firmware, provisioning, enrollment, mark } = flags;
  const serialPrefix = flags['serial-prefix'];
  return { serialPrefix, model, firmware, provisioning, enrollment, mark };
}
