import { KeylineError } from '../../kernel/errors.ts';
import { stationOf } from '../auth/caller.ts';
import type { Member } from '../auth/caller.ts';
import { isLotOfStation } from '../store/lots.ts';
import type { Reader } from '../store/store.ts';
import { findUpload } from '../store/uploads.ts';
import type { Upload } from '../store/uploads.ts';

/** The account's upload, of a lot that the member may register devices of. Throws `object-unknown`. */
export async function requireUpload(db: Reader, member: Member, id: string): Promise<Upload> {
  const upload = await findUpload(db, member.accountId, id);
  if (!upload || !(await maySend(db, member, upload.lotId))) {
    throw new KeylineError('object-unknown', { message: 'there is no such upload' });
  }
  return upload;
}

/** A station registers devices of the lots that it was given; others of every lot of the account. */
export async function maySend(db: Reader, member: Member, lotId: string): Promise<boolean> {
  const station = stationOf(member, 'devices:register');
  return (
    station === undefined || (await isLotOfStation(db, { ...member, principalId: station }, lotId))
  );
}
