import { join } from 'node:path';
import type { Home } from './home.ts';

/** Where a home's station keeps its ledger; its folder is made by whoever opens it. */
export function ledgerPath(home: Home): string {
  return join(home.path, 'ledger', 'ledger.sqlite');
}

/** Makes the folder of the home's own ledger, 0700, and returns the ledger's path. Throws `home-unwritable`. */
export async function ensureLedgerFolder(home: Home): Promise<string> {
  await home.ensure();
  await home.folder(join(home.path, 'ledger'));
  return ledgerPath(home);
}

/** How far each registry was told of what the home's ledger has; public, and no loss. */
export function outboxPath(home: Home): string {
  return join(home.path, 'ledger', 'registered.json');
}
