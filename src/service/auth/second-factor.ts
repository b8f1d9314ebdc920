import { KeylineError } from '../../kernel/errors.ts';
import { openValue, sealValue } from '../keys/sealed-value.ts';
import type { MasterKey } from '../keys/master-key.ts';
import type { Change } from '../store/store.ts';
import type { Principal } from '../store/principals.ts';
import { matchStep, newTotpSecret } from './totp.ts';

/** A new secret for the principal's authenticator; it counts for nothing until a code confirms it. */
export async function beginTotp(
  change: Change,
  masterKey: MasterKey,
  { id, totp }: Principal,
): Promise<Uint8Array> {
  if (totp) {
    throw new KeylineError('state-conflict', { message: 'an authenticator is enrolled already' });
  }
  const secret = newTotpSecret();
  const totpPending = sealValue(masterKey, { purpose: 'totp', owner: id }, secret);
  await update(change, id, { totpPending });
  return secret;
}

/** Enrols the secret that was shown last, if this is its code, and says whether. Throws `state-conflict` where none was shown. */
export async function confirmTotp(
  change: Change,
  masterKey: MasterKey,
  { principal, code }: { readonly principal: Principal; readonly code: string },
): Promise<boolean> {
  const { id, totpPending, homeAccountId: accountId } = principal;
  if (!totpPending) {
    throw new KeylineError('state-conflict', { message: 'no authenticator is being enrolled' });
  }
  const step = stepOf(change, masterKey, { ...principal, totp: totpPending, totpStep: null }, code);
  if (step === undefined) return false;
  await update(change, id, { totp: totpPending, totpPending: null, totpStep: step });
  change.record({ accountId, type: 'principal.totp-enrolled', subject: id });
  return true;
}

/** Uses up the code: true once for each, in whatever process it is tried. */
export async function useTotp(
  change: Change,
  masterKey: MasterKey,
  { principal, code }: { readonly principal: Principal; readonly code: string },
): Promise<boolean> {
  const step = stepOf(change, masterKey, principal, code);
  if (step === undefined) return false;
  const { numUpdatedRows } = await change.db
    .updateTable('principals')
    .set({ totpStep: step })
    .where('id', '=', principal.id)
    .where((eb) => eb.or([eb('totpStep', 'is', null), eb('totpStep', '<', step)]))
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

/** Takes the authenticator away: by its holder with a code, or by an admin for one who lost it. */
export async function removeTotp(change: Change, { id, homeAccountId }: Principal): Promise<void> {
  await update(change, id, { totp: null, totpPending: null, totpStep: null });
  const type = 'principal.totp-removed';
  change.record({ accountId: homeAccountId, type, subject: id });
}

function stepOf(
  { at }: Change,
  masterKey: MasterKey,
  { id, totp, totpStep }: Principal,
  code: string,
): number | undefined {
  if (!totp) return undefined;
  const secret = openValue(masterKey, { purpose: 'totp', owner: id }, Uint8Array.from(totp));
  const step = matchStep(code, secret, { ms: Date.parse(at), usedStep: totpStep });
  secret.fill(0);
  return step;
}

async function update(
  change: Change,
  id: string,
  set: Partial<Pick<Principal, 'totp' | 'totpPending' | 'totpStep'>>,
): Promise<void> {
  await change.db
    .updateTable('principals')
    .set((eb) => ({ ...set, version: eb('version', '+', 1) }))
    .where('id', '=', id)
    .execute();
}
