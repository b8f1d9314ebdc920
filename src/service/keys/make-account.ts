import { createAccount } from '../store/accounts.ts';
import type { Account, NewAccount } from '../store/accounts.ts';
import type { Change } from '../store/store.ts';
import type { MasterKey } from './master-key.ts';
import { ensureOwnerKey } from './owner-key.ts';

/** Makes an account with its owner key, in one transaction. Throws `name-taken` for a handle that is in use. */
export async function makeAccount(
  change: Change,
  masterKey: MasterKey,
  wanted: NewAccount,
): Promise<Account> {
  const account = await createAccount(change, wanted);
  await ensureOwnerKey(change, masterKey, account.id);
  return account;
}
