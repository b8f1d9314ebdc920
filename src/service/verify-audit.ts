import { KeylineError } from '../kernel/errors.ts';
import { checkAudit } from './store/feed.ts';
import type { AuditCheck } from './store/feed.ts';
import { readRegistry } from './store/read-registry.ts';

/** Which chains are walked. */
export interface VerifyAuditChoices {
  readonly database: string;
  /** Handle or id; every account unless given. */
  readonly account?: string | undefined;
  readonly signal: AbortSignal;
}

/** How one account's chain stands. */
export type AccountAudit = AuditCheck & { readonly accountId: string; readonly handle: string };

/**
 * Walks audit chains from their first entries, in the order of account ids, and says of each how it stands.
 * Throws as `readRegistry` does, and `object-unknown`.
 */
export async function verifyAudit(choices: VerifyAuditChoices): Promise<AccountAudit[]> {
  const { database, account, signal } = choices;
  return await readRegistry(database, async (reader) => {
    const accounts = await reader
      .selectFrom('accounts')
      .select(['id as accountId', 'handle'])
      .$if(account !== undefined, (query) =>
        query.where((eb) =>
          eb.or([eb('id', '=', account ?? ''), eb('handle', '=', account ?? '')]),
        ),
      )
      .orderBy('id')
      .execute();
    if (account !== undefined && accounts.length === 0) {
      throw new KeylineError('not-found', {
        message: `the registry has no account ${account}`,
        hint: 'Give an account’s handle or id.',
      });
    }
    const found: AccountAudit[] = [];
    for (const one of accounts) {
      if (signal.aborted) throw new KeylineError('interrupted', { message: 'interrupted' });
      found.push({ ...one, ...(await checkAudit(reader, one.accountId)) });
    }
    return found;
  });
}

/** Throws `audit-broken` where a chain is broken, naming each account and its first entry that does not fit. */
export function refuseBroken(audits: readonly AccountAudit[]): void {
  const broken = audits.flatMap((audit) =>
    'brokenAt' in audit ? [`${audit.handle}: entry ${audit.brokenAt}, ${audit.reason}`] : [],
  );
  const [first] = broken;
  if (first === undefined) return;
  throw new KeylineError('audit-broken', {
    message:
      broken.length === 1
        ? `the audit chain of ${first}`
        : `${broken.length} audit chains are broken; the first is that of ${first}`,
    facts: { broken },
  });
}
