import { KeylineError } from '../kernel/errors.ts';
import type { ErrorCode } from '../kernel/error-catalog.ts';
import type { FleetDevice } from '../registry/fleet.ts';

export type { FleetDevice };

/** What became of one of the named devices. */
export interface MovedDevice {
  /** As it was named. */
  readonly name: string;
  readonly device?: FleetDevice;
  readonly error?: { readonly code: ErrorCode; readonly message: string };
}

/** What is said of one device and not of the request as such. */
const OF_ONE: readonly ErrorCode[] = ['object-unknown', 'state-conflict', 'precondition-failed'];
/** Devices on their way at once. */
const AT_ONCE = 8;

/**
 * Moves devices one by one, some at a time, in the order of their names; one that cannot be moved does not
 * hold the others up. Throws what stops them all, such as `forbidden`, `interrupted`.
 */
export async function moveDevices(
  names: readonly string[],
  move: (name: string) => Promise<FleetDevice>,
  onProgress: (done: number, total: number) => void = () => undefined,
): Promise<MovedDevice[]> {
  const moved: MovedDevice[] = [];
  let next = 0;
  let done = 0;
  const work = async (): Promise<void> => {
    for (let at = next++; at < names.length; at = next++) {
      const name = names[at] ?? '';
      try {
        moved[at] = { name, device: await move(name) };
      } catch (error) {
        if (!(error instanceof KeylineError) || !OF_ONE.includes(error.code)) {
          next = names.length;
          throw error;
        }
        moved[at] = { name, error: { code: error.code, message: error.message } };
      }
      onProgress(++done, names.length);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return moved;
}
