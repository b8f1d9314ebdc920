import { parsePortAddress } from '../device/ports/port-address.ts';
import type { Jig } from '../device/jig.ts';
import { ScanDesk } from '../job/scan-desk.ts';
import type { ScanWanted } from '../job/scan-desk.ts';
import type { ScannerPort } from '../job/scanner-port.ts';
import { KeylineError } from '../kernel/errors.ts';
import { OperatorInput } from './operator-input.ts';
import type { PassFlagValues } from './pass-flags.ts';
import { quietInput } from './quiet-input.ts';

/** What a person types and scans during a run, until it is disposed. */
export interface LineInput extends AsyncDisposable {
  readonly operator: OperatorInput | undefined;
  readonly scans: { readonly desk: ScanDesk; readonly wanted: readonly ScanWanted[] } | undefined;
}

/**
 * Opens standard input where a slot waits for a person or scans come by it, once for both, and the
 * scanner's port where it has one. Throws what opening the port throws.
 */
export async function openLineInput(
  flags: PassFlagValues,
  slots: Jig['slots'],
  options: { readonly byHand: boolean; readonly onIgnored: (reason: string) => void },
): Promise<LineInput> {
  const { scan = [], scanner: address } = flags;
  const wanted = scan.map((name): ScanWanted => (name === 'before' ? 'board' : 'label'));
  const desk = wanted.length > 0 ? new ScanDesk(slots, options.onIgnored) : undefined;
  const byInput = address === undefined ? desk : undefined;
  const quiet = byInput && quietInput(process.stdin);
  const operator =
    options.byHand || byInput ? new OperatorInput(process.stdin, byInput) : undefined;
  let scanner: ScannerPort | undefined;
  if (desk && address !== undefined) {
    const { openScannerPort } = await import('../job/scanner-port.ts');
    scanner = await openScannerPort(parsePortAddress(address), (line) => {
      desk.read(line);
    });
    void scanner.ended.then(() => {
      desk.end(
        new KeylineError('scanner-gone', { message: `the scanner at ${address} went away` }),
      );
    });
  }
  return {
    operator,
    scans: desk && { desk, wanted },
    [Symbol.asyncDispose]: async () => {
      operator?.[Symbol.dispose]();
      quiet?.[Symbol.dispose]();
      await scanner?.[Symbol.asyncDispose]();
    },
  };
}
