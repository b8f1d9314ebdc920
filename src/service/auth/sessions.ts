import { createHash, randomBytes } from 'node:crypto';
import { toBase64Url } from '../../kernel/bytes.ts';
import { later } from '../../kernel/clock.ts';
import type { Device } from '../store/devices.ts';
import type { Change, Reader } from '../store/store.ts';
import type { Caller } from './caller.ts';

const LIFE_MS = 3_600_000;

/** A token, said once, and when it ends. */
export interface IssuedToken {
  /** `kt_` for a member, `kd_` for a device, and 43 characters of base64url. */
  readonly token: string;
  readonly expiresAt: string;
  readonly expiresInSeconds: number;
}

/** Whom a token is for. */
export type TokenHolder =
  | {
      readonly accountId: string;
      readonly principalId: string;
      /** Of the secret that was shown: rotating it ends the token. */
      readonly secretVersion: number;
    }
  | { readonly accountId: string; readonly deviceId: string };

/**
 * Makes a token of one hour. It is opaque, 32 random bytes of which the digest is kept: every request
 * asks the database, so that it ends at once when its holder is disabled or rotated.
 */
export async function issueToken(change: Change, holder: TokenHolder): Promise<IssuedToken> {
  const isDevice = 'deviceId' in holder;
  const token = `${isDevice ? 'kd_' : 'kt_'}${toBase64Url(randomBytes(32))}`;
  const expiresAt = later(change.at, LIFE_MS);
  await change.db
    .insertInto('sessions')
    .values({
      digest: digestOf(token),
      kind: isDevice ? 'device' : 'access',
      accountId: holder.accountId,
      principalId: isDevice ? null : holder.principalId,
      secretVersion: isDevice ? null : holder.secretVersion,
      deviceId: isDevice ? holder.deviceId : null,
      createdAt: change.at,
      expiresAt,
    })
    .execute();
  return { token, expiresAt, expiresInSeconds: LIFE_MS / 1_000 };
}

/** Ends a token; an unknown one is no error. */
export async function endToken(change: Change, token: string): Promise<void> {
  await change.db.deleteFrom('sessions').where('digest', '=', digestOf(token)).execute();
}

/** Who holds this token at the time `at`, or undefined: unknown, ended, disabled and rotated are the same. */
export async function findCaller(
  db: Reader,
  token: string,
  at: string,
): Promise<Caller | undefined> {
  if (/^kt_[\w-]{43}$/.test(token)) return await findMember(db, digestOf(token), at);
  if (/^kd_[\w-]{43}$/.test(token)) return await findDeviceCaller(db, token, at);
  return undefined;
}

/** The devices whose tokens these are at the time `at`, by token, whoever owns them now; others are left out. */
export async function findSessionDevices(
  db: Reader,
  tokens: readonly string[],
  at: string,
): Promise<ReadonlyMap<string, Device>> {
  const byDigest = new Map(tokens.map((token) => [digestOf(token), token]));
  const rows = await db
    .selectFrom('sessions')
    .innerJoin('devices', 'devices.id', 'sessions.deviceId')
    .selectAll('devices')
    .select('sessions.digest')
    .where('sessions.digest', 'in', [...byDigest.keys()])
    .where('sessions.expiresAt', '>', at)
    .where('devices.enrollment', 'in', ['pending', 'enrolled'])
    .execute();
  return new Map(rows.map(({ digest, ...device }) => [byDigest.get(digest) ?? '', device]));
}

/** The token of an Authorization header (RFC 6750), or undefined: there is none that could be one. */
export function readBearer(authorization: string | undefined): string | undefined {
  const [, token] = /^Bearer ([\w-]{20,200})$/i.exec(authorization ?? '') ?? [];
  return token;
}

async function findMember(db: Reader, digest: string, at: string): Promise<Caller | undefined> {
  const rows = await db
    .selectFrom('sessions')
    .innerJoin('principals', 'principals.id', 'sessions.principalId')
    .innerJoin('accounts', 'accounts.id', 'sessions.accountId')
    .innerJoin('memberships', (join) =>
      join
        .onRef('memberships.accountId', '=', 'sessions.accountId')
        .onRef('memberships.principalId', '=', 'sessions.principalId'),
    )
    .select(['principals.id', 'principals.kind', 'principals.totp', 'accounts.needsTotp'])
    .select(['sessions.accountId', 'memberships.role'])
    .where('sessions.digest', '=', digest)
    .where('sessions.expiresAt', '>', at)
    .where('principals.state', '=', 'active')
    .where('accounts.state', '=', 'active')
    .whereRef('principals.secretVersion', '=', 'sessions.secretVersion')
    .execute();
  const [first] = rows;
  if (!first) return undefined;
  const { id: principalId, kind, accountId } = first;
  const roles = rows.map(({ role }) => role);
  // Asked at each request, so that it holds from the moment that the account says so.
  const isBare = first.kind === 'user' && first.needsTotp === 1 && first.totp === null;
  return isBare && roles.includes('account-admin')
    ? { kind, principalId, accountId, roles: [], mustEnrolTotp: true }
    : { kind, principalId, accountId, roles };
}

async function findDeviceCaller(
  db: Reader,
  token: string,
  at: string,
): Promise<Caller | undefined> {
  const device = (await findSessionDevices(db, [token], at)).get(token);
  return device && { kind: 'device', deviceId: device.id, accountId: device.accountId };
}

function digestOf(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
