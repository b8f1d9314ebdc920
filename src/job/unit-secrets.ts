import { createHash } from 'node:crypto';
import { portableDeriver } from '../derive/portable-deriver.ts';
import type { ValueRenderer } from '../device/values.ts';
import type { DeviceValues } from '../device/values.ts';
import { endpointKeyOf } from '../model/ids.ts';
import type { EndpointKey } from '../model/ids.ts';
import type { OpenLot } from './open-lot.ts';

/** One unit's credential in the form that its device takes; wiped when disposed. */
export interface UnitSecrets extends Disposable {
  readonly index: number;
  readonly endpointKey: EndpointKey;
  readonly values: DeviceValues;
  /** Whether a device's digest (SHA-256, lower-case hexadecimal) is that of one of the secret values. */
  hasDigest(digest: string): boolean;
}

/**
 * Derives one unit from its block's secret and renders the profile's values of it. Nothing but the
 * lent secrets is needed, so it works offline and without a provisioning secret. Throws `outside-grant`.
 */
export async function unitSecrets(
  open: Pick<OpenLot, 'lot' | 'secrets'>,
  index: number,
  renderer: ValueRenderer,
): Promise<UnitSecrets> {
  const range = { from: index, count: 1 };
  for await (const batch of portableDeriver.derive(open, range, { needs: renderer.needs })) {
    const unit = batch.unit(0);
    const values = renderer.render(unit);
    return {
      index,
      endpointKey: endpointKeyOf(unit.endpointKey),
      values,
      hasDigest: (digest) =>
        values.secrets.some((secret) => secret.use((bytes) => sha256(bytes)) === digest),
      [Symbol.dispose]: () => {
        values[Symbol.dispose]();
      },
    };
  }
  throw new Error('the deriver made no unit');
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
