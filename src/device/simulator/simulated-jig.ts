import { stringify } from 'yaml';

/** A slot of a simulator as its jig names it. */
export interface JigEntry {
  readonly slot: number;
  /** A link, or `tcp://host:port`. */
  readonly address: string;
}

/**
 * The jig file that matches a simulator. Links come and go with their devices, as USB ports do; a TCP
 * port says nothing of that, so it is asked.
 */
export function simulatedJig(profile: string, entries: readonly JigEntry[]): string {
  const jig = {
    name: `simulated ${profile}`.slice(0, 64),
    description: 'Simulated devices; written by `keyline device simulate`.',
    slots: entries.map(({ slot, address }) =>
      /^tcp:/.test(address)
        ? { slot, port: { url: address }, presence: 'poll' }
        : { slot, port: { path: address }, presence: 'usb' },
    ),
  };
  return stringify(jig);
}
