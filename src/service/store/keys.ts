import { createHash, randomBytes } from 'node:crypto';
import type { Selectable } from 'kysely';
import { equalBytes, toBase64Url } from '../../kernel/bytes.ts';
import { later } from '../../kernel/clock.ts';
import { KeylineError } from '../../kernel/errors.ts';
import { flag } from './accounts.ts';
import { templatesOf } from './config-templates.ts';
import type { Change, Reader } from './store.ts';
import type { Tables } from './tables.ts';

export type HeldKey = Readonly<Selectable<Tables['provisioningKeys']>>;

/** A key whose holder has proved it. */
export interface NewKey {
  readonly accountId: string;
  /** `kp_…`. */
  readonly id: string;
  readonly label?: string | undefined;
  /** SPKI. */
  readonly sealKey: Uint8Array;
  readonly manufacturerKey: Uint8Array;
  /** The first custody statement, verified, or undefined: its devices then stay in escrow mode. */
  readonly delegation?: Uint8Array | undefined;
  readonly isTest: boolean;
}

const PURPOSE = 'key-proof';
const NONCE_MS = 600_000;

/** A nonce of ten minutes for the account's next proof; its digest alone is kept. */
export async function issueNonce(
  change: Change,
  accountId: string,
): Promise<{ readonly nonce: string; readonly expiresAt: string }> {
  const nonce = toBase64Url(randomBytes(24));
  const expiresAt = later(change.at, NONCE_MS);
  const row = { digest: digestOf(nonce), purpose: PURPOSE, accountId, expiresAt };
  await change.db
    .insertInto('onceOnly')
    .values({ ...row, principalId: null })
    .execute();
  return { nonce, expiresAt };
}

/** Uses a nonce up. Throws `proof-refused` for one that is not the account's, was used or has ended. */
export async function useNonce(change: Change, accountId: string, nonce: string): Promise<void> {
  const { numDeletedRows } = await change.db
    .deleteFrom('onceOnly')
    .where('digest', '=', digestOf(nonce))
    .where('purpose', '=', PURPOSE)
    .where('accountId', '=', accountId)
    .where('expiresAt', '>', change.at)
    .executeTakeFirst();
  if (numDeletedRows === 1n) return;
  throw new KeylineError('proof-refused', {
    message: 'the nonce was used before, has ended or was never given to this account',
    facts: { reason: 'nonce' },
  });
}

/**
 * Gives the key to the account. One that it has already stays as it is, but for a delegation that it lacks.
 * Throws `key-taken`, and `proof-refused` for another manufacturer key than it came with.
 */
export async function holdKey(change: Change, wanted: NewKey): Promise<HeldKey> {
  const { accountId, id, label, sealKey, manufacturerKey, delegation = null, isTest } = wanted;
  const inserted = await change.db
    .insertInto('provisioningKeys')
    .values({
      ...{ accountId, id, sealKey, manufacturerKey },
      label: label ?? null,
      delegation,
      isTest: flag(isTest),
      createdAt: change.at,
      version: 1,
    })
    .onConflict((conflict) => conflict.column('id').doNothing())
    .executeTakeFirst();
  const held = await findKey(change.db, accountId, id);
  if (!held) {
    throw new KeylineError('key-taken', { message: `${id} is registered already` });
  }
  if (inserted.numInsertedOrUpdatedRows === 1n) {
    change.record({ accountId, type: 'key.added', subject: id });
  }
  if (!held.manufacturerKey || !equalBytes(held.manufacturerKey, manufacturerKey)) {
    throw new KeylineError('proof-refused', {
      message: `${id} came with another manufacturer key`,
      facts: { reason: 'manufacturer-key' },
    });
  }
  return delegation && !held.delegation ? await delegateKey(change, held, delegation) : held;
}

async function delegateKey(
  change: Change,
  held: HeldKey,
  delegation: Uint8Array,
): Promise<HeldKey> {
  const { accountId, id } = held;
  const version = held.version + 1;
  await change.db
    .updateTable('provisioningKeys')
    .set({ delegation, version })
    .where('id', '=', id)
    .where('delegation', 'is', null)
    .execute();
  change.record({ accountId, type: 'key.delegated', subject: id });
  // Devices that wait for a configuration that could not be verified without it.
  change.wake(templatesOf(accountId));
  return { ...held, delegation: Buffer.from(delegation), version };
}

/** The account's key, or undefined. */
export async function findKey(
  db: Reader,
  accountId: string,
  id: string,
): Promise<HeldKey | undefined> {
  return await db
    .selectFrom('provisioningKeys')
    .selectAll()
    .where('id', '=', id)
    .where('accountId', '=', accountId)
    .executeTakeFirst();
}

function digestOf(nonce: string): string {
  return createHash('sha256').update(nonce).digest('hex');
}
