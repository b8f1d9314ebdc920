import type { LotSecrets } from './lot-secrets.ts';
import { mergeRanges } from './merge-ranges.ts';
import { throwOutsideGrant } from './outside-grant.ts';
import { BLOCK_UNITS, rangeEnd } from './range.ts';

/** Several grants of one lot as one; disposing of it disposes of each. Their ranges may meet. */
export function joinSecrets(all: readonly LotSecrets[]): LotSecrets {
  const ranges = mergeRanges(all.flatMap((secrets) => secrets.ranges));
  const holder = (index: number): LotSecrets | undefined =>
    all.find((secrets) =>
      secrets.ranges.some((range) => index >= range.from && index < rangeEnd(range)),
    );
  const first = <T>(index: number, read: (secrets: LotSecrets) => T | undefined): T | undefined => {
    const secrets = holder(index);
    return secrets && read(secrets);
  };
  return {
    ranges,
    blockSecret(block) {
      return (holder(block * BLOCK_UNITS) ?? throwOutsideGrant(block, ranges)).blockSecret(block);
    },
    issuerKey() {
      for (const secrets of all) {
        const key = secrets.issuerKey();
        if (key) return key;
      }
      return undefined;
    },
    certificate: (index) => first(index, (secrets) => secrets.certificate(index)),
    groupKey: () => undefined,
    deviceKey: (index) => first(index, (secrets) => secrets.deviceKey(index)),
    [Symbol.dispose]() {
      for (const secrets of all) secrets[Symbol.dispose]();
    },
  };
}
