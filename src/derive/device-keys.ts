import { utf8 } from '../kernel/bytes.ts';
import { KeylineError } from '../kernel/errors.ts';
import { parseSerialTemplate, renderSerial } from '../model/serial-template.ts';
import type { Range } from '../model/range.ts';
import type { DeriveSource } from './derive-source.ts';
import { MidstateHmac } from './midstate-hmac.ts';

/** azure-dps device keys, 32 bytes each, packed. */
export interface DeviceKeys extends Disposable {
  fill(range: Range, out: Uint8Array): void;
}

/**
 * Device keys as Azure's symmetric key attestation for enrollment groups makes them: HMAC-SHA256 by
 * the group key over the UTF-8 registration id, here the serial. Under a grant they come from its
 * table. Throws `outside-grant` for one that it does not have.
 */
export function createDeviceKeys({ lot, secrets }: DeriveSource): DeviceKeys {
  using groupKey = secrets.groupKey();
  if (!groupKey) return grantedDeviceKeys({ lot, secrets });
  const template = parseSerialTemplate(lot.serialTemplate);
  const hmac = groupKey.use((bytes) => new MidstateHmac(bytes));
  return {
    fill(range, out) {
      for (let position = 0; position < range.count; position++) {
        const serial = renderSerial(template, lot.firstNumber + range.from + position);
        hmac.mac(utf8(serial), out.subarray(position * 32, (position + 1) * 32));
      }
    },
    [Symbol.dispose]() {
      hmac[Symbol.dispose]();
    },
  };
}

function grantedDeviceKeys({ lot, secrets }: DeriveSource): DeviceKeys {
  return {
    fill(range, out) {
      for (let position = 0; position < range.count; position++) {
        const index = range.from + position;
        using key = secrets.deviceKey(index);
        if (!key) {
          throw new KeylineError('outside-grant', {
            message: `the grant has no device key of unit ${index} of lot ${lot.code}`,
            facts: { index },
          });
        }
        key.use((bytes) => {
          out.set(bytes, position * 32);
        });
      }
    },
    [Symbol.dispose]: () => undefined,
  };
}
