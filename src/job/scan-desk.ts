import { KeylineError } from '../kernel/errors.ts';

/** What a slot can wait for a scan of. */
export type ScanWanted = 'board' | 'label';

/** A slot and the barcode that stands on it. */
export interface ScanSlot {
  readonly slot: number;
  /** `SLOT-` and the number unless the jig says another. */
  readonly barcode?: string | undefined;
}

interface Waiting {
  readonly resolve: (text: string) => void;
  readonly reject: (error: KeylineError) => void;
}

const LONGEST = 512;

/**
 * Gives what one handheld scanner reads to the slots of a run. A scan counts only where exactly one
 * slot waits for one, or after the barcode of the slot that it is for: anything else could bind a
 * label to the board beside it. What counts for nobody is told to `onIgnored`, never its text.
 */
export class ScanDesk {
  readonly #slots: ReadonlyMap<string, number>;
  readonly #onIgnored: (reason: string) => void;
  readonly #waiting = new Map<number, Waiting>();
  #chosen: number | undefined;
  #end: KeylineError | undefined;

  constructor(slots: readonly ScanSlot[], onIgnored: (reason: string) => void) {
    const name = ({ slot, barcode }: ScanSlot): string => barcode ?? `SLOT-${slot}`;
    this.#slots = new Map(slots.map((slot) => [name(slot).toUpperCase(), slot.slot]));
    this.#onIgnored = onIgnored;
  }

  /** The next scan for this slot. Throws `interrupted`, and `scanner-gone` once nothing can come any more. */
  next(slot: number, signal: AbortSignal): Promise<string> {
    if (this.#end) return Promise.reject(this.#end);
    return new Promise((resolve, reject) => {
      const release = (): void => {
        this.#waiting.delete(slot);
        signal.removeEventListener('abort', onAbort);
      };
      const onAbort = (): void => {
        release();
        reject(new KeylineError('interrupted', { message: 'interrupted' }));
      };
      this.#waiting.set(slot, {
        resolve: (text) => {
          release();
          resolve(text);
        },
        reject: (error) => {
          release();
          reject(error);
        },
      });
      signal.addEventListener('abort', onAbort, { once: true });
      if (signal.aborted) onAbort();
    });
  }

  /** Takes what was scanned, without its line end. */
  read(line: string): void {
    const text = line.replace(/[\x00-\x1f\x7f-\x9f]/g, '').trim();
    if (text === '') return;
    const named = this.slotNamed(text);
    if (named !== undefined) {
      this.#chosen = this.#waiting.has(named) ? named : undefined;
      if (this.#chosen === undefined) this.#onIgnored(`slot ${named} waits for no scan`);
      return;
    }
    const chosen = this.#chosen;
    this.#chosen = undefined;
    const slots = chosen === undefined ? [...this.#waiting.keys()] : [chosen];
    const [only] = slots;
    const waiting = only !== undefined && slots.length === 1 ? this.#waiting.get(only) : undefined;
    if (slots.length > 1) {
      this.#onIgnored(`slots ${slots.join(', ')} wait: scan the barcode of one of them first`);
    } else if (!waiting) this.#onIgnored('no slot waits for a scan');
    else if (text.length > LONGEST) this.#onIgnored('it is too long for a label');
    else waiting.resolve(text);
  }

  /** The slot whose own barcode this is. */
  slotNamed(text: string): number | undefined {
    return this.#slots.get(text.trim().toUpperCase());
  }

  /** Nothing can be scanned any more: whoever waits, or comes to wait, gets the error. */
  end(error: KeylineError): void {
    this.#end ??= error;
    for (const { reject } of [...this.#waiting.values()]) reject(error);
  }
}
