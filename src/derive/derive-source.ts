import type { Lot } from '../model/lot.ts';
import type { LotSecrets } from '../model/lot-secrets.ts';

/** What a lot's units are derived from. Both belong to the caller. */
export interface DeriveSource {
  readonly lot: Lot;
  readonly secrets: LotSecrets;
}
