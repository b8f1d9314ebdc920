import { getJson, pagesOf, postJson } from './http-calls.ts';
import { send } from './http-client.ts';
import type { HttpSession } from './http-client.ts';
import type {
  CountedTransfer,
  RegistryTransfer,
  RegistryTransfers,
  StandingApproval,
  TransferDecision,
  TransferFilter,
  TransferItem,
  TransferWish,
} from './transfers.ts';

const TRANSFERS = '/v1/transfers';
const APPROVALS = '/v1/standing-approvals';

/** Transfers by keyline's own HTTP interface. */
export class HttpTransfers implements RegistryTransfers {
  readonly #session: HttpSession;

  constructor(session: HttpSession) {
    this.#session = session;
  }

  request(wish: TransferWish): Promise<CountedTransfer> {
    return postJson(this.#session, TRANSFERS, wish);
  }

  list({ as, state, most }: TransferFilter): AsyncIterable<readonly RegistryTransfer[]> {
    return pagesOf(this.#session, TRANSFERS, { as, state, most });
  }

  show(id: string): Promise<CountedTransfer> {
    return getJson(this.#session, pathOf(id));
  }

  items(
    id: string,
    filter: Parameters<RegistryTransfers['items']>[1] = {},
  ): AsyncIterable<readonly TransferItem[]> {
    return pagesOf(this.#session, `${pathOf(id)}/items`, filter);
  }

  decide(id: string, decision: TransferDecision): Promise<CountedTransfer> {
    return postJson(this.#session, `${pathOf(id)}/decision`, decision);
  }

  withdraw(id: string, devices?: readonly string[]): Promise<CountedTransfer> {
    return postJson(this.#session, `${pathOf(id)}/withdrawal`, devices ? { devices } : {});
  }

  approvals(): AsyncIterable<readonly StandingApproval[]> {
    return pagesOf(this.#session, APPROVALS);
  }

  addApproval(from: string): Promise<StandingApproval> {
    return postJson(this.#session, APPROVALS, { from });
  }

  async removeApproval(from: string): Promise<void> {
    const path = `${APPROVALS}/${encodeURIComponent(from)}`;
    await send(this.#session, { method: 'DELETE', path });
  }
}

function pathOf(id: string): string {
  return `${TRANSFERS}/${encodeURIComponent(id)}`;
}
