import { readFile } from 'node:fs/promises';
import type { Home } from '../home/home.ts';
import { LotStore } from '../home/lot-store.ts';
import { toBase64Url, utf8 } from '../kernel/bytes.ts';
import { isErrno, KeylineError } from '../kernel/errors.ts';
import { expand, labelled } from '../kernel/hkdf.ts';
import { Secret } from '../kernel/secret.ts';
import { decrypt, encryptToFile } from '../keystore/age-file.ts';
import type { Lot } from '../model/lot.ts';

/** 1 MB: the passphrase is 32 derived bytes, so that stretching it adds nothing. */
const WORK_FACTOR = 10;

/**
 * Keeps an imported enrollment group key beside its lot, as an age file whose passphrase is derived
 * from the lot secret: whoever opens the lot opens it, with no second question.
 */
export async function writeGroupKey(
  home: Home,
  lot: Lot,
  keys: { readonly lotSecret: Secret; readonly groupKey: Secret },
): Promise<void> {
  const store = new LotStore(home);
  await home.folder(store.directory(lot.lotId));
  using passphrase = filePassphrase(keys.lotSecret);
  await encryptToFile(store.azureGroupFile(lot.lotId), keys.groupKey, {
    protection: { type: 'passphrase', passphrase, workFactor: WORK_FACTOR },
    force: true,
  });
}

/** The lot's imported group key, the caller's to dispose of; undefined for a lot that has none. Throws `not-found`. */
export async function readGroupKey(
  home: Home,
  lot: Lot,
  lotSecret: Secret,
): Promise<Secret | undefined> {
  if (lot.azureGroupKey !== 'imported') return undefined;
  const path = new LotStore(home).azureGroupFile(lot.lotId);
  const content = await readFile(path).catch((error: unknown) => {
    if (!isErrno(error, 'ENOENT')) throw error;
    throw new KeylineError('not-found', {
      message: `the enrollment group key of lot ${lot.code} is not on this machine`,
      hint: 'Import the lot again with --group-key-file FILE.',
      facts: { lotId: lot.lotId },
    });
  });
  using sealed = Secret.take(content);
  const passphrase = (): Promise<Secret> => Promise.resolve(filePassphrase(lotSecret));
  return await decrypt({ name: path, content: sealed }, { passphrase });
}

function filePassphrase(lotSecret: Secret): Secret {
  using bytes = expand(lotSecret, labelled('keyline/v1 azure-group-file'), 32);
  return Secret.take(bytes.use((raw) => utf8(toBase64Url(raw))));
}
