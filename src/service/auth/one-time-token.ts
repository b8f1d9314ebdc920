import { createHash, randomBytes } from 'node:crypto';
import { toBase64Url } from '../../kernel/bytes.ts';
import { later } from '../../kernel/clock.ts';
import { KeylineError } from '../../kernel/errors.ts';
import type { Change, Reader } from '../store/store.ts';

const PURPOSE = 'password';
const HOUR_MS = 3_600_000;

/** How long an invitation serves, and a reset that an admin made for someone who asked for it. */
export const LIFE_MS = { invitation: 7 * 24 * HOUR_MS, reset: HOUR_MS } as const;

/** What lets a person choose a password, once. */
export interface OneTimeToken {
  /** `kr_` and 43 characters of base64url; its SHA-256 is kept. */
  readonly token: string;
  readonly expiresAt: string;
}

/** Whose password it sets. */
export interface TokenOwner {
  /** The person's own account. */
  readonly accountId: string;
  readonly principalId: string;
}

/** Makes one; those that the person had before serve no more. */
export async function issueOneTimeToken(
  change: Change,
  { accountId, principalId }: TokenOwner,
  lifeMs: number,
): Promise<OneTimeToken> {
  await change.db
    .deleteFrom('onceOnly')
    .where('purpose', '=', PURPOSE)
    .where('principalId', '=', principalId)
    .execute();
  const token = `kr_${toBase64Url(randomBytes(32))}`;
  const expiresAt = later(change.at, lifeMs);
  await change.db
    .insertInto('onceOnly')
    .values({ digest: digestOf(token), purpose: PURPOSE, accountId, principalId, expiresAt })
    .execute();
  return { token, expiresAt };
}

/** Whose it is at the time `at`. Throws `link-ended`. */
export async function findOneTimeToken(db: Reader, token: string, at: string): Promise<TokenOwner> {
  const row = await db
    .selectFrom('onceOnly')
    .select(['accountId', 'principalId'])
    .where('digest', '=', digestOf(token))
    .where('purpose', '=', PURPOSE)
    .where('expiresAt', '>', at)
    .executeTakeFirst();
  if (!row?.accountId || !row.principalId) throw ended();
  return { accountId: row.accountId, principalId: row.principalId };
}

/** Uses it up: of two that try at once, one succeeds. Throws `link-ended`. */
export async function takeOneTimeToken(change: Change, token: string): Promise<TokenOwner> {
  const owner = await findOneTimeToken(change.db, token, change.at);
  const { numDeletedRows } = await change.db
    .deleteFrom('onceOnly')
    .where('digest', '=', digestOf(token))
    .executeTakeFirst();
  if (numDeletedRows !== 1n) throw ended();
  return owner;
}

function ended(): KeylineError {
  return new KeylineError('link-ended', { message: 'this token serves no more, or never did' });
}

function digestOf(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
