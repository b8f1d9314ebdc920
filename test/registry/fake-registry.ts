import { KeylineError } from '../../src/kernel/errors.ts';
import type { DeviceRow } from '../../src/model/device-row.ts';
import type {
  RegisteredDevice,
  RegistryDevices,
  RowResult,
} from '../../src/registry/registry-devices.ts';
import type { Registry, RegistryAccount } from '../../src/registry/registry.ts';

const PAGE = 1_000;

/**
 * A registry as those of others are: pages of 1,000 rows, nothing that may be sent twice, no lots, no
 * sealed manifests, no proofs of keys. A device that is there already is refused, whoever sent it.
 */
export class FakeRegistry implements Registry, RegistryDevices {
  readonly url = 'https://fake.example';
  readonly rowsAtOnce = PAGE;
  readonly isRepeatable = false;
  readonly devices = this;
  /** By endpoint key. */
  readonly held = new Map<string, DeviceRow & { readonly lotId: string }>();
  readonly #serials = new Set<string>();
  /** What happens to the next calls of `register`; no more entries mean no trouble. */
  readonly troubles: ('before' | 'midway' | 'after')[] = [];
  calls = 0;

  account(): Promise<RegistryAccount> {
    return Promise.resolve({ id: 'a1', handle: 'acme', name: 'Acme', isTest: true });
  }

  addLot(): Promise<void> {
    return Promise.resolve();
  }

  async register(
    lotId: string,
    _provisioning: string,
    rows: readonly DeviceRow[],
  ): Promise<RowResult[]> {
    this.calls++;
    if (rows.length > PAGE) throw new KeylineError('request-too-large', { message: 'a page' });
    const trouble = this.troubles.shift();
    const taken = { before: 0, midway: Math.floor(rows.length / 2) } as const;
    const count = trouble === 'before' || trouble === 'midway' ? taken[trouble] : rows.length;
    const results = rows.slice(0, count).map((row) => this.#create(lotId, row));
    await Promise.resolve();
    if (trouble) throw new KeylineError('registry-unavailable', { message: 'lost' });
    return results;
  }

  find(_lotId: string, endpointKeys: readonly string[]): Promise<RegisteredDevice[]> {
    if (endpointKeys.length > PAGE)
      throw new KeylineError('request-too-large', { message: 'keys' });
    const found = endpointKeys.flatMap((endpointKey) => {
      const row = this.held.get(endpointKey);
      return row ? [{ endpointKey, serial: row.serial }] : [];
    });
    return Promise.resolve(found);
  }

  endSession(): Promise<void> {
    return Promise.resolve();
  }

  #create(lotId: string, row: DeviceRow): RowResult {
    const isTaken = this.held.has(row.endpointKey) || this.#serials.has(row.serial);
    if (isTaken) return { outcome: 'conflict' };
    this.held.set(row.endpointKey, { ...row, lotId });
    this.#serials.add(row.serial);
    return { outcome: 'created' };
  }
}
