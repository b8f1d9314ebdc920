import { portableDeriver } from '../derive/portable-deriver.ts';
import { KeylineError } from '../kernel/errors.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { DeviceFailure } from '../model/failure.ts';
import type { FailureCode } from '../model/failure.ts';
import type { EventContext } from '../model/ledger-event.ts';
import type { UnitRecord } from '../model/unit-record.ts';
import { openLabelMaker } from './label-maker.ts';
import type { LabelChoices } from './label-maker.ts';
import { openLabelOutlet } from './label-outlet.ts';
import type { LabelTarget } from './label-outlet.ts';
import type { OpenLot } from './open-lot.ts';

/** Labels that a run prints by itself. */
export interface PassLabels {
  /**
   * Whether a unit's label is to be printed, and the reason where it is once more: only where the one
   * before may not have come out. `before`: the unit as this attempt found it.
   */
  due(index: number, before: UnitRecord | undefined): { readonly reason?: string } | undefined;
  /** Prints a unit's label, the event on record first. Throws DeviceFailure `label-printer`. */
  print(unit: PassedLabel): Promise<void>;
}

/** A unit that was verified. */
export interface PassedLabel {
  readonly index: number;
  readonly hardwareId: string;
  readonly context: EventContext;
  /** Why it is printed once more. */
  readonly reason?: string | undefined;
}

/** What a run prints, and where. */
export interface PassLabelChoices extends LabelChoices {
  readonly target: LabelTarget;
}

/** What a run's labels stand on. */
export interface PassLabelParts {
  readonly open: Pick<OpenLot, 'lot' | 'secrets'>;
  readonly ledger: Ledger;
  /** Units with a label by the allocation book. */
  readonly inBook: readonly { readonly from: number; readonly count: number }[];
}

/**
 * Prepares the labels of a run: the printer is connected to anew for each, so that a slow one holds up
 * its own slot alone. Throws what `openLabelMaker` throws.
 */
export async function openPassLabels(
  { open, ledger, inBook }: PassLabelParts,
  choices: PassLabelChoices,
): Promise<PassLabels> {
  const { lot } = open;
  const { target, style, withClaim } = choices;
  const maker = await openLabelMaker(lot, choices);
  const printOne = async ({ index, hardwareId, context, reason }: PassedLabel): Promise<void> => {
    const range = { from: index, count: 1 };
    for await (const batch of portableDeriver.derive(open, range, { needs: maker.needs })) {
      const label = await maker.make(batch.unit(0));
      // A label that is printed once more takes the place of the one before.
      const options = { format: style.format, secret: withClaim, force: true };
      await using outlet = await openLabelOutlet(target, options);
      await ledger.record({
        ...{ type: 'printed', lotId: lot.lotId, index, hardwareId, ...context },
        ...(reason !== undefined && { reason }),
      });
      await outlet.write(label);
      await outlet.end();
      label.bytes.fill(0);
    }
  };
  return {
    due: (index, before) => {
      const isInBook = inBook.some(({ from, count }) => index >= from && index < from + count);
      if (ledger.labels(lot.lotId, index) === 0 && !isInBook) return {};
      const isDoubtful =
        before?.state === 'verified' ||
        (before?.state === 'failed' && before.code === ('label-printer' satisfies FailureCode));
      return isDoubtful ? { reason: 'the label before may not have come out' } : undefined;
    },
    print: (unit) =>
      printOne(unit).catch((error: unknown) => {
        if (!(error instanceof KeylineError) || error.code.startsWith('ledger')) throw error;
        throw new DeviceFailure('label-printer', error.message);
      }),
  };
}
