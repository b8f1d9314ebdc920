import type { TransferState } from '../model/transfer-state.ts';
import type {
  CountedTransfer,
  RegistryTransfer,
  RegistryTransfers,
  StandingApproval,
  TransferItem,
} from '../registry/transfers.ts';

export type { CountedTransfer, RegistryTransfer, StandingApproval, TransferItem };

/** The newest transfers, given and got, and whether there are more than `limit`. */
export async function listTransfers(
  registry: RegistryTransfers,
  filter: {
    readonly as?: 'source' | 'destination' | undefined;
    readonly state?: TransferState | undefined;
    readonly limit: number;
  },
): Promise<{ readonly transfers: readonly RegistryTransfer[]; readonly isMore: boolean }> {
  const { as, state, limit } = filter;
  const sides = as === undefined ? (['source', 'destination'] as const) : [as];
  const found: RegistryTransfer[] = [];
  for (const side of sides) {
    const pages = registry.list({ as: side, state, most: limit + 1 });
    for await (const page of pages) found.push(...page);
  }
  // Ids rise with time.
  found.sort((a, b) => (a.id < b.id ? 1 : -1));
  return { transfers: found.slice(0, limit), isMore: found.length > limit };
}

/** The first `limit` rows of pages, and whether there are more; the pages hold one more at least. */
export async function gather<Row>(
  pages: AsyncIterable<readonly Row[]>,
  limit: number,
): Promise<{ readonly rows: readonly Row[]; readonly isMore: boolean }> {
  const rows: Row[] = [];
  for await (const page of pages) {
    rows.push(...page);
    if (rows.length > limit) break;
  }
  return { rows: rows.slice(0, limit), isMore: rows.length > limit };
}
