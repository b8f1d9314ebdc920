import type { DeviceRow } from '../model/device-row.ts';
import { getJson, postJson, withQuery } from './http-calls.ts';
import type { HttpSession } from './http-client.ts';
import type { RegisteredDevice, RegistryDevices, RowResult } from './registry-devices.ts';

/** Devices row by row by keyline's own HTTP interface. */
export class HttpDevices implements RegistryDevices {
  readonly rowsAtOnce = 100;
  readonly isRepeatable = true;
  readonly #session: HttpSession;

  constructor(session: HttpSession) {
    this.#session = session;
  }

  async register(
    lotId: string,
    provisioning: 'planned' | 'verified',
    rows: readonly DeviceRow[],
  ): Promise<RowResult[]> {
    const body = { provisioning, devices: rows.map(toView) };
    const path = `/v1/lots/${lotId}/devices`;
    return (await postJson<{ outcomes: RowResult[] }>(this.#session, path, body)).outcomes;
  }

  async find(lotId: string, endpointKeys: readonly string[]): Promise<RegisteredDevice[]> {
    const path = withQuery(`/v1/lots/${lotId}/devices`, { endpointKeys: endpointKeys.join() });
    return (await getJson<{ devices: RegisteredDevice[] }>(this.#session, path)).devices;
  }
}

function toView({ lotIndex: index, attributes, ...row }: DeviceRow): object {
  return {
    ...{ ...row, index },
    ...(attributes !== undefined && { attributes: JSON.parse(attributes) as object }),
  };
}
